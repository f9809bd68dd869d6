#include "controller_sim/sharding.h"

#include <algorithm>
#include <cstdlib>
#include <numeric>

namespace controller_sim {

std::int32_t java_hash(std::string_view text) {
  std::uint32_t hash = 0;
  for (const char c : text) hash = 31 * hash + static_cast<unsigned char>(c);
  return static_cast<std::int32_t>(hash);
}

std::int64_t placement_hash(std::string_view invoking_namespace, std::string_view action) {
  return std::abs(std::int64_t{java_hash(invoking_namespace) ^ java_hash(action)});
}

std::vector<int> step_sizes(int size) {
  std::vector<int> steps;
  for (int step = 1; step <= size; ++step) {
    const bool fits = std::gcd(step, size) == 1 && std::ranges::all_of(steps, [&](int kept) {
                        return std::gcd(kept, step) == 1;
                      });
    if (fits) steps.push_back(step);
  }
  return steps;
}

int managed_count(int invokers) { return std::max(1, (invokers * 9 + 9) / 10); }

std::vector<int> walk(std::int64_t hash, int size) {
  const std::vector<int> steps = step_sizes(size);
  const int step = steps[static_cast<std::size_t>(hash % static_cast<std::int64_t>(steps.size()))];
  std::vector<int> places{static_cast<int>(hash % size)};
  while (std::ssize(places) <= size) places.push_back((places.back() + step) % size);
  return places;
}

bool MemorySlots::take_open_slot(const std::string& action) {
  const auto found = open_slots_.find(action);
  if (found == open_slots_.end() || found->second <= 0) return false;
  --found->second;
  return true;
}

bool MemorySlots::take(const std::string& action, int concurrency, std::int64_t memory_mb) {
  if (concurrency > 1 && take_open_slot(action)) return true;
  if (free_ < memory_mb) return false;
  take_by_force(action, concurrency, memory_mb);
  return true;
}

void MemorySlots::take_by_force(const std::string& action, int concurrency,
                                std::int64_t memory_mb) {
  if (concurrency > 1) {
    if (take_open_slot(action)) return;
    open_slots_[action] += concurrency - 1;
  }
  free_ -= memory_mb;
}

void MemorySlots::give_back(const std::string& action, int concurrency, std::int64_t memory_mb) {
  if (concurrency > 1) {
    int& open = open_slots_[action];
    if (++open % concurrency != 0) return;
    open -= concurrency;  // a whole container's worth is free
  }
  free_ += memory_mb;
}

}  // namespace controller_sim
