#include "base/sizes.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <span>

#include "base/text.h"

namespace base {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t factor;
};

constexpr std::int64_t kKilo = 1024;
constexpr std::int64_t kMega = kKilo * 1024;
constexpr std::int64_t kGiga = kMega * 1024;
constexpr Unit kByteUnits[] = {{"", 1},      {"b", 1},      {"k", kKilo}, {"kb", kKilo},
                               {"m", kMega}, {"mb", kMega}, {"g", kGiga}, {"gb", kGiga}};

constexpr std::int64_t kSecond = 1000;
constexpr std::int64_t kMinute = 60 * kSecond;
constexpr std::int64_t kHour = 60 * kMinute;
constexpr std::int64_t kDay = 24 * kHour;
constexpr std::int64_t kDurationMax = 100 * 365 * kDay;
constexpr Unit kDurationUnits[] = {{"ms", 1},
                                   {"milli", 1},
                                   {"millis", 1},
                                   {"millisecond", 1},
                                   {"milliseconds", 1},
                                   {"s", kSecond},
                                   {"sec", kSecond},
                                   {"second", kSecond},
                                   {"seconds", kSecond},
                                   {"m", kMinute},
                                   {"min", kMinute},
                                   {"minute", kMinute},
                                   {"minutes", kMinute},
                                   {"h", kHour},
                                   {"hour", kHour},
                                   {"hours", kHour},
                                   {"d", kDay},
                                   {"day", kDay},
                                   {"days", kDay}};

Error refusal(std::string_view text, std::string_view why) {
  return {ErrorCode::kInvalidArgument, quoted(text) + " " + std::string(why)};
}

Result<std::int64_t> parse_amount(std::string_view text, std::span<const Unit> units,
                                  std::int64_t max, std::string_view expected) {
  std::string_view rest = trimmed(text);
  std::int64_t number = 0;
  const auto [stop, error] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
  if (error == std::errc::result_out_of_range) return refusal(text, "is too large");
  if (error != std::errc{} || number < 0) return refusal(text, expected);
  rest.remove_prefix(static_cast<std::size_t>(stop - rest.data()));
  const std::string unit = lower_case(trimmed(rest));
  const auto known = std::ranges::find(units, unit, &Unit::name);
  if (known == units.end()) return refusal(text, expected);
  if (number > max / known->factor) return refusal(text, "is too large");
  return number * known->factor;
}

std::string format_amount(std::int64_t amount, std::span<const Unit> largest_first) {
  for (const Unit& unit : largest_first) {
    if (amount != 0 && amount % unit.factor == 0) {
      return std::to_string(amount / unit.factor) + " " + std::string(unit.name);
    }
  }
  return std::to_string(amount) + " " + std::string(largest_first.back().name);
}

}  // namespace

Result<std::int64_t> parse_bytes(std::string_view text) {
  return parse_amount(text, kByteUnits, INT64_MAX, "is no size such as \"512 MB\", \"2g\" or 1024");
}

std::string format_bytes(std::int64_t bytes) {
  static constexpr Unit kUnits[] = {{"GB", kGiga}, {"MB", kMega}, {"KB", kKilo}, {"B", 1}};
  return format_amount(bytes, kUnits);
}

Result<std::chrono::milliseconds> parse_duration(std::string_view text) {
  TRY(const std::int64_t ms,
      parse_amount(text, kDurationUnits, kDurationMax,
                   "is no duration such as \"250 ms\", \"10 minutes\" or \"2h\""));
  return std::chrono::milliseconds(ms);
}

std::string format_duration(std::chrono::milliseconds duration) {
  static constexpr Unit kUnits[] = {
      {"d", kDay}, {"h", kHour}, {"m", kMinute}, {"s", kSecond}, {"ms", 1}};
  return format_amount(duration.count(), kUnits);
}

}  // namespace base
