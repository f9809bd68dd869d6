// Which invoker an action belongs to, and how much room each has: the arithmetic of OpenWhisk's
// sharding balancer. Values only; not thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace controller_sim {

// String.hashCode() of Java, for ASCII.
std::int32_t java_hash(std::string_view text);

// |hash(namespace) xor hash("ns/pkg/action")|, as a number that is never negative.
std::int64_t placement_hash(std::string_view invoking_namespace, std::string_view action);

// The step widths for `size` invokers, each coprime to it and to one another: 10 → 1, 3, 7.
std::vector<int> step_sizes(int size);

// The first max(1, ceil(0.9 n)) invokers serve the kinds whose images are not pulled.
int managed_count(int invokers);

// The order in which invokers are tried, starting at home: size + 1 places, repeating at the end.
std::vector<int> walk(std::int64_t hash, int size);

// Room of one invoker, in MB. An action that allows C > 1 activations in a container takes its
// memory once for every C of them.
class MemorySlots {
 public:
  explicit MemorySlots(std::int64_t total_mb) : total_(total_mb), free_(total_mb) {}

  bool take(const std::string& action, int concurrency, std::int64_t memory_mb);
  // Also where there is no room: what is free may become negative.
  void take_by_force(const std::string& action, int concurrency, std::int64_t memory_mb);
  void give_back(const std::string& action, int concurrency, std::int64_t memory_mb);

  std::int64_t total_mb() const { return total_; }
  std::int64_t free_mb() const { return free_; }

 private:
  bool take_open_slot(const std::string& action);

  std::int64_t total_;
  std::int64_t free_;
  std::map<std::string, int> open_slots_;  // in containers that are paid for already
};

}  // namespace controller_sim
