// A controller's books: every activation from sending to completion, by the rules of OpenWhisk's
// CommonLoadBalancer, and what breaks them. Events and the time in, breaches out; no I/O; not
// thread-safe.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "controller_sim/ack.h"
#include "controller_sim/balancer.h"
#include "controller_sim/behaviour.h"
#include "controller_sim/breach.h"

namespace controller_sim {

struct ActionTerms {
  std::string path = "guest";  // namespace, or namespace/package
  std::string name;
  std::string version = "0.0.1";
  std::string kind = "python:3";
  Behaviour behaviour;
  std::int64_t memory_mb = 256;
  int concurrency = 1;
  int logs_mb = 10;
  base::milliseconds timeout{60'000};

  std::string full_name() const { return path + "/" + name; }
  SlotNeed slot_need() const { return {full_name() + "@" + version, concurrency, memory_mb}; }
};

struct BooksConfig {
  std::string namespace_name = "guest";  // of the caller
  std::string subject = "guest";
  std::vector<ActionTerms> actions;
  std::int64_t payload_max_bytes = 1 << 20;
  std::optional<base::milliseconds> forced_after;  // in place of the controller's own formula
  std::optional<base::milliseconds> ack_within;  // a first acknowledgement later than that is late
  bool strict_shapes = false;                    // which acknowledgements come when
  base::Json mark;                               // goes into the parameters, with the id; or null
};

// max(time limit, 60 s) * 2 + 60 s: when a controller gives an activation up.
base::milliseconds forced_timeout(base::milliseconds action_timeout);

struct Call {
  std::string id;
  base::Json transid;
  std::size_t action = 0;
  std::uint64_t number = 0;
  bool blocking = true;
  bool counted = true;  // in the figures; not while warming up
};

struct Entry {
  Call call;
  int invoker = 0;
  base::Instant sent;
  std::optional<std::int64_t> offset;  // of its message, as soon as the broker has it
  std::optional<base::Instant> first_ack;
  std::optional<base::Instant> completed;  // by the invoker, also after it was given up
  std::optional<AckedActivation> acked;    // without its result and annotations
  std::optional<bool> cold;                // nothing where no acknowledgement said it
  bool result_seen = false;
  bool given_up = false;     // by the forced timeout
  bool undelivered = false;  // the broker never took it

  // Still in the controller's books.
  bool open() const { return !completed && !given_up && !undelivered; }
};

class Books {
 public:
  // `balancer` and `breaches` outlive it.
  Books(BooksConfig config, Balancer& balancer, Breaches& breaches);

  // What activations will be of, before the first is sent.
  void begin(BooksConfig config) { config_ = std::move(config); }
  const BooksConfig& config() const { return config_; }
  base::Json content_of(const Call& call) const;
  Expectation expectation_of(const Call& call) const;

  // The slots are taken already.
  void sent(Call call, int invoker, base::Instant now);
  void delivered(const std::string& id, std::int64_t offset);
  void undelivered(const std::string& id);
  void health_test_sent(std::string id, base::Json transid);
  void ack(const Ack& ack, base::Instant now);
  void tick(base::Instant now);
  // Nothing more is to come.
  void finish(base::Instant now);

  const Entry* find(const std::string& id) const;
  const std::vector<std::unique_ptr<Entry>>& entries() const { return entries_; }
  // What left the books since the last call: completed or given up.
  std::vector<const Entry*> take_closed() { return std::exchange(closed_, {}); }
  std::size_t open() const { return open_; }
  std::size_t given_up() const { return given_up_; }
  std::size_t results_by_record() const { return results_by_record_; }
  std::size_t health_tests_acked() const { return health_acked_; }

 private:
  Entry* find_mutable(const std::string& id);
  const ActionTerms& terms_of(const Entry& entry) const;
  void breach(BreachKind kind, const Entry& entry, const std::string& text);
  void unknown(const Ack& ack, base::Instant now);
  void check_late(Entry& entry, base::Instant now);
  void check_shape(const Entry& entry, const Ack& ack);
  void take_response(Entry& entry, const Ack& ack);
  void check_activation(const Entry& entry, const AckedActivation& activation);
  void check_system_error(const Entry& entry, const Ack& ack);
  void take_completion(Entry& entry, const Ack& ack, base::Instant now);
  void close(Entry& entry);
  void check_slots();

  BooksConfig config_;
  Balancer* balancer_;
  Breaches* breaches_;
  std::vector<std::unique_ptr<Entry>> entries_;  // in the order sent
  std::unordered_map<std::string, Entry*> by_id_;
  std::multimap<base::Instant, Entry*> forced_at_;
  std::vector<const Entry*> closed_;
  base::Json health_transid_;
  std::set<std::string> health_ids_;
  std::size_t open_ = 0;
  std::size_t given_up_ = 0;
  std::size_t results_by_record_ = 0;
  std::size_t health_acked_ = 0;
};

// What in `activation` is not as it must be for this call; empty where all is right. Also for
// records.
std::string difference(const Books& books, const Entry& entry, const AckedActivation& activation);

}  // namespace controller_sim
