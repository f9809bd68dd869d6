// Sizes and durations by the rules of HOCON, which differ from OpenWhisk's own: "256 MB" is decimal
// here and binary in the runtimes manifest.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace invoker_settings {

// "2048m", "1 m", "256 MB", "512k", "1.5g", 1024. k, m, g (any case), Ki, KiB, ...: powers of 1024;
// kB, MB, GB, ...: powers of 1000. Nothing for anything else and for what does not fit.
std::optional<std::int64_t> hocon_bytes(std::string_view text);

struct HoconDuration {
  std::chrono::milliseconds time{0};
  bool infinite = false;
};

// "10 minutes", "500ms", "1.5 s", "Inf"; a bare number: milliseconds. Nothing for anything else.
std::optional<HoconDuration> hocon_duration(std::string_view text);

}  // namespace invoker_settings
