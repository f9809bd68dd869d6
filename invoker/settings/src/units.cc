#include "units.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <span>
#include <string>

#include "base/text.h"

namespace invoker_settings {
namespace {

struct Unit {
  std::string_view name;
  double factor;
};

constexpr double kKibi = 1024.0;
constexpr double kMebi = kKibi * 1024;
constexpr double kGibi = kMebi * 1024;
constexpr double kTebi = kGibi * 1024;

// As HOCON spells them, where upper and lower case are not the same.
constexpr Unit kSizes[] = {{"", 1},
                           {"b", 1},
                           {"B", 1},
                           {"byte", 1},
                           {"bytes", 1},
                           {"k", kKibi},
                           {"K", kKibi},
                           {"Ki", kKibi},
                           {"KiB", kKibi},
                           {"kibibyte", kKibi},
                           {"kibibytes", kKibi},
                           {"m", kMebi},
                           {"M", kMebi},
                           {"Mi", kMebi},
                           {"MiB", kMebi},
                           {"mebibyte", kMebi},
                           {"mebibytes", kMebi},
                           {"g", kGibi},
                           {"G", kGibi},
                           {"Gi", kGibi},
                           {"GiB", kGibi},
                           {"gibibyte", kGibi},
                           {"gibibytes", kGibi},
                           {"t", kTebi},
                           {"T", kTebi},
                           {"Ti", kTebi},
                           {"TiB", kTebi},
                           {"kB", 1e3},
                           {"kilobyte", 1e3},
                           {"kilobytes", 1e3},
                           {"MB", 1e6},
                           {"megabyte", 1e6},
                           {"megabytes", 1e6},
                           {"GB", 1e9},
                           {"gigabyte", 1e9},
                           {"gigabytes", 1e9},
                           {"TB", 1e12}};

constexpr double kSecond = 1e3;
constexpr Unit kTimes[] = {{"", 1},
                           {"ms", 1},
                           {"milli", 1},
                           {"millis", 1},
                           {"millisecond", 1},
                           {"milliseconds", 1},
                           {"ns", 1e-6},
                           {"nano", 1e-6},
                           {"nanos", 1e-6},
                           {"nanosecond", 1e-6},
                           {"nanoseconds", 1e-6},
                           {"us", 1e-3},
                           {"micro", 1e-3},
                           {"micros", 1e-3},
                           {"microsecond", 1e-3},
                           {"microseconds", 1e-3},
                           {"s", kSecond},
                           {"sec", kSecond},
                           {"second", kSecond},
                           {"seconds", kSecond},
                           {"m", 60 * kSecond},
                           {"min", 60 * kSecond},
                           {"minute", 60 * kSecond},
                           {"minutes", 60 * kSecond},
                           {"h", 3600 * kSecond},
                           {"hr", 3600 * kSecond},
                           {"hour", 3600 * kSecond},
                           {"hours", 3600 * kSecond},
                           {"d", 86400 * kSecond},
                           {"day", 86400 * kSecond},
                           {"days", 86400 * kSecond}};

constexpr double kTimeMax = 100.0 * 365 * 86400 * kSecond;
constexpr double kExactMax = 9007199254740992.0;  // 2^53: beyond it a double skips whole numbers

// The amount in units of factor 1; nothing where it is no number, too large, or the unit unknown.
std::optional<double> amount(std::string_view text, std::span<const Unit> units, double max) {
  text = base::trimmed(text);
  const std::size_t end = std::min(text.find_first_not_of("0123456789."), text.size());
  double number = 0;
  const auto [stop, error] =
      std::from_chars(text.data(), text.data() + end, number, std::chars_format::fixed);
  if (error != std::errc{} || stop != text.data() + end) return std::nullopt;
  const std::string_view unit = base::trimmed(text.substr(end));
  const auto known = std::ranges::find(units, unit, &Unit::name);
  if (known == units.end()) return std::nullopt;
  const double result = number * known->factor;
  return result <= max ? std::optional(result) : std::nullopt;
}

}  // namespace

std::optional<std::int64_t> hocon_bytes(std::string_view text) {
  const auto bytes = amount(text, kSizes, kExactMax);
  return bytes ? std::optional(static_cast<std::int64_t>(*bytes)) : std::nullopt;
}

std::optional<HoconDuration> hocon_duration(std::string_view text) {
  const std::string_view word = base::trimmed(text);
  if (word == "Inf" || word == "PlusInf" || word == "Infinity") {
    return HoconDuration{.infinite = true};
  }
  const auto ms = amount(text, kTimes, kTimeMax);
  if (!ms) return std::nullopt;
  // Anything but nothing is at least a millisecond, the smallest step that we wait.
  const auto whole = static_cast<std::int64_t>(std::llround(*ms));
  return HoconDuration{.time = std::chrono::milliseconds(whole == 0 && *ms > 0 ? 1 : whole)};
}

}  // namespace invoker_settings
