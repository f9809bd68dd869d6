#include "standalone/limits.h"

#include <algorithm>

namespace standalone {
namespace {

void override_value(std::int64_t& value, const base::Json& overrides, std::string_view key) {
  const base::Json* found = overrides.find(key);
  if (found == nullptr) return;
  if (const auto number = found->as_int64(); number.has_value()) value = *number;
}

void narrow(Range& range, const base::Json& overrides, std::string_view min_key,
            std::string_view max_key) {
  std::int64_t min = range.min;
  std::int64_t max = range.max;
  override_value(min, overrides, min_key);
  override_value(max, overrides, max_key);
  range.min = std::max(range.min, min);
  range.max = std::min(range.max, max);
}

}  // namespace

ServiceLimits ServiceLimits::with_overrides(const base::Json& overrides) const {
  ServiceLimits limits = *this;
  if (!overrides.is_object() || overrides.members().empty()) return limits;
  override_value(limits.invocations_per_minute, overrides, "invocationsPerMinute");
  override_value(limits.fires_per_minute, overrides, "firesPerMinute");
  override_value(limits.concurrent_invocations, overrides, "concurrentInvocations");
  narrow(limits.memory_mb, overrides, "minActionMemory", "maxActionMemory");
  narrow(limits.logs_mb, overrides, "minActionLogs", "maxActionLogs");
  narrow(limits.timeout_ms, overrides, "minActionTimeout", "maxActionTimeout");
  narrow(limits.concurrency, overrides, "minActionConcurrency", "maxActionConcurrency");
  return limits;
}

base::Json ServiceLimits::to_info_json() const {
  base::Json json = base::Json::object();
  json.set("actions_per_minute", invocations_per_minute)
      .set("triggers_per_minute", fires_per_minute)
      .set("concurrent_actions", concurrent_invocations)
      .set("sequence_length", sequence_length);
  for (const std::string prefix : {"default_min_action_", "min_action_"}) {
    json.set(prefix + "duration", timeout_ms.min)
        .set(prefix + "memory", memory_mb.min << 20)
        .set(prefix + "logs", logs_mb.min << 20);
  }
  for (const std::string prefix : {"default_max_action_", "max_action_"}) {
    json.set(prefix + "duration", timeout_ms.max)
        .set(prefix + "memory", memory_mb.max << 20)
        .set(prefix + "logs", logs_mb.max << 20);
  }
  return json;
}

base::Json ServiceLimits::to_namespace_json() const {
  base::Json json = base::Json::object();
  json.set("invocationsPerMinute", invocations_per_minute)
      .set("concurrentInvocations", concurrent_invocations)
      .set("firesPerMinute", fires_per_minute)
      .set("minActionMemory", memory_mb.min)
      .set("maxActionMemory", memory_mb.max)
      .set("minActionLogs", logs_mb.min)
      .set("maxActionLogs", logs_mb.max)
      .set("minActionTimeout", timeout_ms.min)
      .set("maxActionTimeout", timeout_ms.max)
      .set("minActionConcurrency", concurrency.min)
      .set("maxActionConcurrency", concurrency.max)
      .set("maxParameterSize", std::to_string(parameters_bytes_max) + " B")
      .set("maxActionInstances", concurrent_invocations);
  return json;
}

}  // namespace standalone
