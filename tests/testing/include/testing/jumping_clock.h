// A clock on the wall that somebody sets all the time, while time goes on as it does.
#pragma once

#include <atomic>

#include "base/clock.h"

namespace testing_support {

// Threads: any method from any thread.
class JumpingClock final : public base::Clock {
 public:
  base::Instant now() const override { return std::chrono::steady_clock::now(); }
  // Each look is a century before or after the one before.
  base::WallTime wall() const override {
    constexpr std::chrono::hours kCentury{24 * 36525};
    const base::WallTime begin{std::chrono::milliseconds(1'000'000'000'000)};
    return ++looks_ % 2 == 0 ? begin : begin + kCentury;
  }

 private:
  mutable std::atomic<unsigned> looks_ = 0;
};

}  // namespace testing_support
