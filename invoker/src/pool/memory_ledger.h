// Who holds the pool's memory, and to whom it is promised.
#pragma once

#include <cstdint>

#include "base/check.h"

namespace invoker {

class MemoryLedger {
 public:
  explicit MemoryLedger(std::int64_t capacity_bytes) : capacity_(capacity_bytes) {}

  void take(std::int64_t bytes) {
    used_ += bytes;
    CHECK(used_ <= capacity_);
  }
  void begin_removal(std::int64_t bytes) { leaving_ += bytes; }
  void end_removal(std::int64_t bytes) {
    leaving_ -= bytes;
    give_back(bytes);
  }
  void give_back(std::int64_t bytes) {
    used_ -= bytes;
    CHECK(used_ >= 0 && leaving_ >= 0);
  }
  void grant(std::int64_t bytes) { granted_ += bytes; }
  void revoke(std::int64_t bytes) {
    granted_ -= bytes;
    CHECK(granted_ >= 0);
  }

  std::int64_t capacity() const { return capacity_; }
  std::int64_t used() const { return used_; }
  // Held by nobody at this moment.
  std::int64_t free() const { return capacity_ - used_; }
  // Held by nobody and promised to nobody.
  std::int64_t spare() const { return free() - granted_; }
  // What can still be promised; removals under way count, since their memory will come.
  std::int64_t uncommitted() const { return spare() + leaving_; }
  // What is promised and not yet on its way.
  std::int64_t deficit() const { return uncommitted() < 0 ? -uncommitted() : 0; }

 private:
  std::int64_t capacity_;
  std::int64_t used_ = 0;     // of everything not yet removed
  std::int64_t leaving_ = 0;  // part of used_ whose removal has begun
  std::int64_t granted_ = 0;  // to jobs that wait for it
};

}  // namespace invoker
