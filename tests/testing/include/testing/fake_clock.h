// A clock that moves only when it is told to.
#pragma once

#include <mutex>

#include "base/clock.h"

namespace testing_support {

// Threads: any method from any thread.
class FakeClock final : public base::Clock {
 public:
  base::Instant now() const override {
    const std::lock_guard lock(mutex_);
    return now_;
  }
  base::WallTime wall() const override {
    const std::lock_guard lock(mutex_);
    return wall_;
  }
  void advance(std::chrono::nanoseconds by) {
    const std::lock_guard lock(mutex_);
    now_ += by;
    wall_ += by;
  }
  // Somebody sets the clock on the wall; time goes on as before.
  void jump(std::chrono::nanoseconds by) {
    const std::lock_guard lock(mutex_);
    wall_ += by;
  }

 private:
  mutable std::mutex mutex_;  // guards now_ and wall_
  base::Instant now_{std::chrono::hours(1)};
  base::WallTime wall_{std::chrono::milliseconds(1'700'000'000'000)};
};

}  // namespace testing_support
