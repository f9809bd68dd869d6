#include "invoker/dispatch_limits.h"

#include <algorithm>

namespace invoker {
namespace {

// How one limit is called and counted in the texts that users see.
struct Words {
  const char* field;
  const char* unit;
  const char* key;  // as in minActionMemory
};

std::int64_t own_or(const base::Json& own, const std::string& key, std::int64_t fallback) {
  const base::Json* value = own.find(key);
  return value == nullptr ? fallback : value->as_int64().value_or(fallback);
}

Range effective(const base::Json& own, const Words& words, const Range& namespace_default,
                const Range& system) {
  const std::string key = words.key;
  return {std::max(own_or(own, "min" + key, namespace_default.min), system.min),
          std::min(own_or(own, "max" + key, namespace_default.max), system.max)};
}

std::optional<std::string> check(std::int64_t value, const Range& range, const Words& words) {
  if (value >= range.min && value <= range.max) return std::nullopt;
  const bool over = value > range.max;
  const std::string unit = words.unit;
  return std::string(words.field) + " " + std::to_string(value) + unit +
         (over ? " exceeds" : " below") + " allowed threshold of " +
         std::to_string(over ? range.max : range.min) + unit;
}

}  // namespace

std::optional<std::string> broken_limit(const ActionLimits& limits, const base::Json& own,
                                        const LimitRanges& namespace_default,
                                        const LimitRanges& system) {
  const auto look = [&](std::int64_t value, Range LimitRanges::* range, const Words& words) {
    return check(value, effective(own, words, namespace_default.*range, system.*range), words);
  };
  constexpr Words kTimeout{"duration", " milliseconds", "ActionTimeout"};
  constexpr Words kMemory{"memory size", " MB", "ActionMemory"};
  constexpr Words kConcurrency{"concurrency", "", "ActionConcurrency"};
  constexpr Words kLogs{"log size", " MB", "ActionLogs"};
  auto broken = look(limits.timeout.count(), &LimitRanges::timeout_ms, kTimeout);
  if (!broken) broken = look(limits.memory_bytes >> 20, &LimitRanges::memory_mb, kMemory);
  if (!broken) broken = look(limits.concurrency, &LimitRanges::concurrency, kConcurrency);
  if (!broken) broken = look(limits.logs_bytes >> 20, &LimitRanges::logs_mb, kLogs);
  return broken;
}

}  // namespace invoker
