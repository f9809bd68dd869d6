// What a program creates, as the guest remembers it.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <vector>

#include "cuda.h"

namespace gpu_guest {

// All contexts are one on the session's side; here they own what was created in them. Never freed:
// a handle that outlived its context is told by `alive`.
struct Context {
  std::atomic<bool> alive = false;
  bool primary = false;
  std::atomic<unsigned> flags = 0;
  int retained = 0;  // of the primary one
  std::uint64_t number = 0;
};

struct Stream {
  Context* context = nullptr;
  unsigned flags = 0;
  int priority = 0;
};

struct Event {
  Context* context = nullptr;
  unsigned flags = 0;
  // Counts recordings; a query that found one done need not ask again until the next.
  std::atomic<std::uint64_t> recorded = 0, done = 0;
};

struct Parameter {
  std::uint32_t offset, bytes;
};

struct Kernel {
  std::uint64_t module = 0;
  std::uint32_t index = 0;
  std::string name;
  std::vector<Parameter> parameters;
  std::uint32_t parameter_bytes = 0;
  static constexpr std::size_t kAttributes = 16;
  std::array<std::atomic<int>, kAttributes> attributes{};
};

struct Variable {
  CUdeviceptr address = 0;
  std::size_t bytes = 0;
};

struct Module {
  Context* context = nullptr;  // null for a library
  std::vector<std::uint64_t> kernels;
  std::map<std::string, std::uint64_t, std::less<>> by_name;
  std::map<std::string, Variable, std::less<>> variables;
};

// Device memory, by address; and the program's own memory that it asked to be pinned.
struct Range {
  std::uint64_t bytes = 0;
  Context* context = nullptr;
  std::uint64_t number = 0;  // of the allocation
  enum class Kind : std::uint8_t { kAllocated, kVariable, kPinned, kRegistered };
  Kind kind = Kind::kAllocated;
  unsigned flags = 0;
};

class Ranges {
 public:
  struct Found {
    std::uint64_t start = 0;
    Range range;
  };

  void add(std::uint64_t start, const Range& range) {
    const std::lock_guard lock(mutex_);
    ranges_[start] = range;
  }
  // The range that begins there and is of one of two kinds; it is forgotten.
  bool take(std::uint64_t start, Range::Kind kind, Range* taken = nullptr) {
    const std::lock_guard lock(mutex_);
    const auto found = ranges_.find(start);
    if (found == ranges_.end() || found->second.kind != kind) return false;
    if (taken != nullptr) *taken = found->second;
    ranges_.erase(found);
    return true;
  }
  // The one that holds `bytes` from `address` on.
  bool find(std::uint64_t address, std::uint64_t bytes, Found* found = nullptr) const {
    const std::shared_lock lock(mutex_);
    auto after = ranges_.upper_bound(address);
    if (after == ranges_.begin()) return false;
    --after;
    const std::uint64_t before = address - after->first;
    if (before >= after->second.bytes || bytes > after->second.bytes - before) return false;
    if (found != nullptr) *found = {after->first, after->second};
    return true;
  }
  template <typename Wanted>
  std::vector<std::uint64_t> all(const Wanted& wanted) const {
    const std::shared_lock lock(mutex_);
    std::vector<std::uint64_t> found;
    for (const auto& [start, range] : ranges_) {
      if (wanted(range)) found.push_back(start);
    }
    return found;
  }

 private:
  mutable std::shared_mutex mutex_;  // guards what follows
  std::map<std::uint64_t, Range> ranges_;
};

}  // namespace gpu_guest
