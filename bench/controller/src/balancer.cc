#include "controller_sim/balancer.h"

#include <algorithm>

namespace controller_sim {

void Balancer::ping(const Ping& ping, base::Instant now) {
  const std::int64_t memory_mb =
      std::max(ping.instance.user_memory_bytes / (1 << 20) / cluster_size_, memory_min_mb_);
  // An id that appears brings the lower ones with it, as Offline ones of the same size.
  while (size() <= ping.instance.id) invokers_.push_back({{}, MemorySlots(memory_mb)});
  at(ping.instance.id).health.ping(ping.enabled, now);
}

void Balancer::tick(base::Instant now) {
  for (Invoker& invoker : invokers_) invoker.health.tick(now);
}

void Balancer::outcome(int invoker, Outcome outcome, base::Instant now) {
  if (invoker < size()) at(invoker).health.outcome(outcome, now);
}

std::optional<int> Balancer::choose(const std::string& invoking_namespace,
                                    const std::string& action, const SlotNeed& need,
                                    Random& random) {
  if (invokers_.empty()) return std::nullopt;
  const int managed = managed_count(size());
  for (const int place : walk(placement_hash(invoking_namespace, action), managed)) {
    Invoker& invoker = at(place);
    if (invoker.health.state() != HealthState::kHealthy) continue;
    if (invoker.slots.take(need.action, need.concurrency, need.memory_mb)) return place;
  }
  return by_force(managed, need, random);
}

std::optional<int> Balancer::by_force(int managed, const SlotNeed& need, Random& random) {
  std::vector<int> healthy;
  for (int i = 0; i < managed; ++i) {
    if (at(i).health.state() == HealthState::kHealthy) healthy.push_back(i);
  }
  if (healthy.empty()) return std::nullopt;
  std::uniform_int_distribution<std::size_t> any(0, healthy.size() - 1);
  const int chosen = healthy[any(random)];
  at(chosen).slots.take_by_force(need.action, need.concurrency, need.memory_mb);
  ++overloads_;
  return chosen;
}

void Balancer::give_back(int invoker, const SlotNeed& need) {
  if (invoker >= size()) return;
  at(invoker).slots.give_back(need.action, need.concurrency, need.memory_mb);
}

std::vector<int> Balancer::take_tests_due(base::Instant now) {
  std::vector<int> due;
  for (int i = 0; i < size(); ++i) {
    if (at(i).health.take_test_due(now)) due.push_back(i);
  }
  return due;
}

int Balancer::healthy() const {
  return static_cast<int>(std::ranges::count_if(invokers_, [](const Invoker& invoker) {
    return invoker.health.state() == HealthState::kHealthy;
  }));
}

}  // namespace controller_sim
