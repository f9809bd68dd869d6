// A controller at work: the bus on one side, the books on the other.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "controller_sim/audit.h"
#include "controller_sim/balancer.h"
#include "controller_sim/books.h"
#include "controller_sim/figures.h"
#include "controller_sim/losses.h"
#include "controller_sim/options.h"
#include "controller_sim/ping_watch.h"

namespace controller_sim {

// What others tell a run while it runs, from signal handlers or other threads.
struct Signals {
  std::atomic<bool> stop{false};
  std::atomic<int> deaths{0};
};

// A line for people, on stderr.
using Say = std::function<void(const std::string&)>;

// Threads: one. What it is made of outlives it.
class Controller {
 public:
  Controller(const Options& options, Kafka& kafka, Breaches& breaches, Signals& signals, Say say);

  // Makes the topics and listens. Errors: of Kafka.
  base::Status start();
  // Once the actions' documents are stored: what activations are of, and their revisions.
  void know(BooksConfig config, std::vector<std::string> revisions);

  // Takes what has come, waiting up to `wait` for the first, and does what time demands.
  void pump(std::chrono::microseconds wait);
  // Sends one activation where the balancer says. Nothing: no invoker is healthy.
  std::optional<std::string> invoke(std::size_t action, std::uint64_t number, bool counted);
  // The trips of some small messages to the broker and back, in ms.
  std::vector<double> measure_floor(int trips);
  // From now on pump() sends such a message every now and then, and keeps what became of it.
  void probe(bool on) { probing_ = on; }
  const std::vector<BrokerTrip>& trips() const { return trips_; }

  bool stopped() const { return signals_->stop; }
  Balancer& balancer() { return balancer_; }
  Books& books() { return books_; }
  Audit& audit() { return audit_; }
  Random& random() { return random_; }
  Kafka& kafka() { return *kafka_; }
  const PingWatch& pings() const { return watch_; }
  const std::vector<Death>& deaths() const { return deaths_; }
  // Memory that the first invoker says it has.
  std::optional<std::int64_t> user_memory_mb() const { return user_memory_mb_; }
  // For each invoker, what its group has committed.
  std::map<int, std::int64_t> committed();
  base::Instant last_message() const { return last_message_; }

 private:
  std::string invoker_topic(int invoker) const;
  void take(const BusMessage& message, base::Instant now);
  void take_ack(const std::string& text, base::Instant now);
  void take_ping(const std::string& text, base::Instant now);
  void take_event(const std::string& text);
  void take_deliveries();
  bool send_echo(base::Instant now);
  void take_echo(base::Instant now);
  void probe_if_due(base::Instant now);
  void tick(base::Instant now);
  void send_health_test(int invoker);
  void note_death();
  void settle_deaths(base::Instant now);

  struct OpenDeath {
    std::map<int, std::int64_t> committed;
    std::int64_t acks_end;
  };

  const Options* options_;
  Kafka* kafka_;
  Breaches* breaches_;
  Signals* signals_;
  Say say_;
  base::SystemClock clock_;
  Random random_;
  Balancer balancer_;
  PingWatch watch_;
  Books books_;
  Audit audit_;
  std::vector<std::string> revisions_;
  base::Json health_transid_;
  std::string acks_topic_;
  std::string health_topic_;
  std::string events_topic_;
  std::map<int, HealthState> last_states_;
  std::optional<std::int64_t> user_memory_mb_;
  std::optional<std::string> echo_;  // a message of our own that has not come back yet
  base::Instant echo_sent_{};
  bool probing_ = false;
  std::vector<BrokerTrip> trips_;
  std::vector<OpenDeath> open_deaths_;
  std::vector<Death> deaths_;
  int deaths_noted_ = 0;
  base::Instant next_tick_{};
  base::Instant last_message_{};
};

}  // namespace controller_sim
