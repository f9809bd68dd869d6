// One invoker with its hand-off, over containers and a bus that exist only in memory.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/timer.h"
#include "invoker/acknowledger.h"
#include "invoker/invoker.h"
#include "invoker_handoff/handoff.h"
#include "testing/fake_container.h"
#include "testing/fake_outside.h"
#include "testing/fake_producer.h"

namespace invoker_handoff {

inline constexpr const char* kKey = "a key that invokers of this test share";

// Says what it was told to say. Threads: any.
class FakePlacement final : public Placement {
 public:
  Choice choose(const invoker::Placeable& activation, base::Instant now) override;
  void accepted(int, const invoker::JobDemand&, microseconds took) override;
  void refused(int peer) override;

  // Everything goes to the first of these that takes it.
  void send_to(std::vector<int> peers);
  // Everything waits so long, and is then offered to these.
  void wait_for(milliseconds time, std::vector<int> peers);
  std::vector<int> refusals() const;
  std::size_t accepted() const;
  std::size_t asked() const;

 private:
  mutable std::mutex mutex_;  // guards what follows
  Choice choice_;
  std::optional<milliseconds> wait_;
  std::vector<int> refusals_;
  std::size_t accepted_ = 0, asked_ = 0;
};

class Node {
 public:
  struct Options {
    int id = 0;
    std::uint64_t incarnation = 1;
    std::uint16_t port = 0;
    std::int64_t memory_mb = 1024;
    int concurrency = 1;
    base_net::Trust trust = base_net::SharedKey{kKey};
    OwnerConfig owner = patient();
    ExecutorConfig executor = {};
    bool takes_guests = true;
  };
  // A budget for machines that are busy with other things.
  static OwnerConfig patient();

  explicit Node(const Options& options);
  ~Node();
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  PeerAddress address() const { return {options_.id, {"127.0.0.1", handoff->port()}}; }
  // An activation comes from this invoker's topic.
  void submit(const std::string& id) const;
  void submit(invoker::ActivationMessage message) const;
  // What was sent to the controller: the acknowledgements that free a place.
  std::vector<base::Json> completions() const;
  std::vector<invoker::Activation> records() const;
  int places_free() const;  // so often the feed was told
  void end();

  testing_support::FakeWorld world;
  testing_support::FakeProducer producer;
  FakePlacement placement;
  std::unique_ptr<Handoff> handoff;
  std::unique_ptr<invoker::Invoker> engine;

 private:
  void ended(const invoker::ActivationMessage& message);

  const Options options_;
  base::SystemClock clock_;
  base::DiscardSink discard_;
  base::Logger log_{discard_, clock_};
  testing_support::FakeContainerFactory containers_{world};
  testing_support::FakeActions actions_;
  testing_support::FakeStager stager_;
  mutable std::mutex mutex_;  // guards what follows
  std::vector<invoker::Activation> records_;
  int places_free_ = 0;
  std::unique_ptr<base::ThreadTimer> timer_ = std::make_unique<base::ThreadTimer>();
  std::unique_ptr<invoker::Acknowledger> acknowledger_;
};

invoker::ActivationMessage activation_message(const std::string& id);

}  // namespace invoker_handoff
