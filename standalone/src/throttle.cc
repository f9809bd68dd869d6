#include "standalone/throttle.h"

#include <chrono>

#include "base/check.h"

namespace standalone {

std::optional<std::string> Throttle::attempt(const std::string& namespace_name, base::WallTime now,
                                             std::int64_t per_minute_max) {
  const std::int64_t minute =
      std::chrono::duration_cast<std::chrono::minutes>(now.time_since_epoch()).count();
  const std::lock_guard lock(mutex_);
  Count& count = counts_[namespace_name];
  if (count.minute != minute) {
    count.minute = minute;
    count.in_minute = 0;
  }
  if (++count.in_minute <= per_minute_max) return std::nullopt;
  return "Too many requests in the last minute (count: " + std::to_string(count.in_minute) +
         ", allowed: " + std::to_string(per_minute_max) + ").";
}

std::optional<std::string> Throttle::begin(const std::string& namespace_name,
                                           std::int64_t concurrent_max) {
  const std::lock_guard lock(mutex_);
  Count& count = counts_[namespace_name];
  if (count.under_way < concurrent_max) {
    ++count.under_way;
    return std::nullopt;
  }
  return "Too many concurrent requests in flight (count: " + std::to_string(count.under_way) +
         ", allowed: " + std::to_string(concurrent_max) + ").";
}

void Throttle::end(const std::string& namespace_name) {
  const std::lock_guard lock(mutex_);
  CHECK(counts_[namespace_name].under_way-- > 0);
}

}  // namespace standalone
