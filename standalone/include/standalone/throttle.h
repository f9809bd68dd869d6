// Counts the invocations of each namespace.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "base/clock.h"

namespace standalone {

// Threads: any method from any thread. The time is handed in.
class Throttle {
 public:
  // Counts one more attempt in this minute of the civil clock (refused ones count too). Nothing, or
  // the text of the refusal.
  std::optional<std::string> attempt(const std::string& namespace_name, base::WallTime now,
                                     std::int64_t per_minute_max);

  // Takes one place among the activations under way. Nothing, or the text of the refusal.
  std::optional<std::string> begin(const std::string& namespace_name, std::int64_t concurrent_max);
  // Gives it back.
  void end(const std::string& namespace_name);

 private:
  struct Count {
    std::int64_t minute = 0;
    std::int64_t in_minute = 0;
    std::int64_t under_way = 0;
  };
  std::mutex mutex_;  // guards counts_
  std::unordered_map<std::string, Count> counts_;
};

}  // namespace standalone
