// The invokers as one controller sees them: who is there, in what health, with how much room.
// Events and the time in, choices out; no I/O; not thread-safe.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "controller_sim/ack.h"
#include "controller_sim/health.h"
#include "controller_sim/message.h"
#include "controller_sim/sharding.h"

namespace controller_sim {

// What an activation takes of an invoker.
struct SlotNeed {
  std::string action;  // "guest/pkg/name@version": what shares slots
  int concurrency = 1;
  std::int64_t memory_mb = 256;
};

class Balancer {
 public:
  // Each invoker's memory is shared among `cluster_size` controllers; at least `memory_min_mb`.
  explicit Balancer(int cluster_size = 1, std::int64_t memory_min_mb = 128)
      : cluster_size_(cluster_size), memory_min_mb_(memory_min_mb) {}

  void ping(const Ping& ping, base::Instant now);
  void tick(base::Instant now);
  void outcome(int invoker, Outcome outcome, base::Instant now);

  // Takes the slots. Nothing: no invoker is healthy.
  std::optional<int> choose(const std::string& invoking_namespace, const std::string& action,
                            const SlotNeed& need, Random& random);
  // An id that is not known is ignored, as the controller does.
  void give_back(int invoker, const SlotNeed& need);

  // The invokers to which a test activation is to be sent now.
  std::vector<int> take_tests_due(base::Instant now);

  int size() const { return static_cast<int>(invokers_.size()); }
  int healthy() const;
  HealthState state(int invoker) const { return at(invoker).health.state(); }
  const MemorySlots& slots(int invoker) const { return at(invoker).slots; }
  // Times that slots were taken by force because no healthy invoker had room.
  std::uint64_t overloads() const { return overloads_; }

 private:
  struct Invoker {
    InvokerHealth health;
    MemorySlots slots;
  };
  const Invoker& at(int invoker) const { return invokers_[static_cast<std::size_t>(invoker)]; }
  Invoker& at(int invoker) { return invokers_[static_cast<std::size_t>(invoker)]; }
  std::optional<int> by_force(int managed, const SlotNeed& need, Random& random);

  int cluster_size_;
  std::int64_t memory_min_mb_;
  std::vector<Invoker> invokers_;
  std::uint64_t overloads_ = 0;
};

}  // namespace controller_sim
