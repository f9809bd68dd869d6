// Time, handed in so that deciding code can be run at any speed.
#pragma once

#include <chrono>

namespace base {

// A point of the monotonic clock: for deadlines and durations.
using Instant = std::chrono::steady_clock::time_point;
// A point of the civil clock (UTC): for records and logs that people and other programs read.
using WallTime = std::chrono::sys_time<std::chrono::nanoseconds>;
using std::chrono::milliseconds;

// Threads: any method from any thread.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Instant now() const = 0;
  virtual WallTime wall() const = 0;
};

class SystemClock final : public Clock {
 public:
  Instant now() const override { return std::chrono::steady_clock::now(); }
  WallTime wall() const override {
    return std::chrono::time_point_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now());
  }
};

// Milliseconds since 1970-01-01T00:00Z, as OpenWhisk's documents count time.
inline std::int64_t epoch_ms(WallTime time) {
  return std::chrono::duration_cast<milliseconds>(time.time_since_epoch()).count();
}

}  // namespace base
