#include "action_draft.h"

#include <array>

#include "key_values.h"
#include "query.h"
#include "texts.h"

namespace standalone {
namespace {

// null counts as absent, as for every optional member.
const base::Json* present(const base::Json& object, std::string_view key) {
  const base::Json* value = object.find(key);
  return value == nullptr || value->is_null() ? nullptr : value;
}

std::optional<Failure> read_limit(const base::Json& limits, const std::string& key,
                                  const std::string& name, std::optional<std::int64_t>& out) {
  const base::Json* value = present(limits, key);
  if (value == nullptr) return std::nullopt;
  if (!value->is_number()) return malformed_content(name + " limit malformed");
  out = value->as_int64();
  if (out.has_value() && *out >= INT32_MIN && *out <= INT32_MAX) return std::nullopt;
  return malformed_content("requirement failed: " + name + " limit must be whole number");
}

std::optional<Failure> read_limits(const base::Json& body, LimitsDraft& draft) {
  const base::Json* limits = present(body, "limits");
  if (limits == nullptr) return std::nullopt;
  if (!limits->is_object()) return malformed_content("'limits' must be an object");
  REFUSE_IF(read_limit(*limits, "timeout", "time", draft.timeout_ms));
  REFUSE_IF(read_limit(*limits, "memory", "memory", draft.memory_mb));
  REFUSE_IF(read_limit(*limits, "logs", "log", draft.logs_mb));
  REFUSE_IF(read_limit(*limits, "concurrency", "concurrency", draft.concurrency));
  return read_limit(*limits, "instances", "instance", draft.instances);
}

std::optional<Failure> read_lists(const base::Json& body, ActionDraft& draft) {
  for (const auto& [key, list] :
       {std::pair{"parameters", &draft.parameters}, std::pair{"annotations", &draft.annotations}}) {
    const base::Json* value = present(body, key);
    if (value == nullptr) continue;
    auto parsed = parse_key_values(*value);
    if (!parsed.ok()) return std::move(parsed.failure());
    *list = std::move(parsed.value());
  }
  const base::Json* removed = present(body, "delAnnotations");
  if (removed == nullptr) return std::nullopt;
  if (!removed->is_array()) return malformed_content("'delAnnotations' must be an array");
  for (const base::Json& key : removed->items()) {
    if (!key.is_string()) return malformed_content("'delAnnotations' must hold strings");
    draft.removed_annotations.push_back(key.as_string());
  }
  return std::nullopt;
}

std::optional<Failure> read_scalars(const base::Json& body, ActionDraft& draft) {
  if (const base::Json* version = present(body, "version"); version != nullptr) {
    if (version->is_string()) draft.version = normal_version(version->as_string());
    if (!draft.version.has_value()) return malformed_content("semantic version malformed");
  }
  if (const base::Json* publish = present(body, "publish"); publish != nullptr) {
    if (!publish->is_bool()) return malformed_content("'publish' must be a boolean");
    draft.publish = publish->as_bool();
  }
  return std::nullopt;
}

struct Wording {
  std::string field;  // "memory size"
  std::string unit;   // " MB"
};

std::optional<Failure> check_range(const std::optional<std::int64_t>& value, const Range& range,
                                   const Wording& wording) {
  if (!value.has_value() || (*value >= range.min && *value <= range.max)) return std::nullopt;
  const bool above = *value > range.max;
  return Failure{400,
                 "requirement failed: " + wording.field + " " + std::to_string(*value) +
                     wording.unit + (above ? " exceeds" : " below") + " allowed threshold of " +
                     std::to_string(above ? range.max : range.min) + wording.unit,
                 Failure::From::kHandler,
                 {}};
}

}  // namespace

Answer<ActionDraft> parse_action_draft(const base::Json& body, const Runtimes& runtimes) {
  if (!body.is_object()) return malformed_content("Object expected");
  ActionDraft draft;
  if (const base::Json* exec = present(body, "exec"); exec != nullptr) {
    ASK(draft.exec, parse_exec(*exec, runtimes));
  }
  REFUSE_IF(read_lists(body, draft));
  REFUSE_IF(read_limits(body, draft.limits));
  REFUSE_IF(read_scalars(body, draft));
  return draft;
}

std::optional<Failure> check_sizes(const ActionDraft& draft, const ServiceLimits& limits) {
  const auto too_large = [](const std::string& what, std::size_t bytes, std::int64_t max) {
    return Failure{413, texts::too_large(what, bytes, max), Failure::From::kHandler, {}};
  };
  const auto above = [](std::size_t bytes, std::int64_t max) {
    return bytes > static_cast<std::size_t>(max);
  };
  if (draft.exec.has_value() && above(draft.exec->bytes, limits.exec_bytes_max)) {
    return too_large("exec", draft.exec->bytes, limits.exec_bytes_max);
  }
  for (const auto& [what, list] :
       {std::pair{"parameters", &draft.parameters}, std::pair{"annotations", &draft.annotations}}) {
    const std::size_t bytes = list->has_value() ? size_of_key_values(**list) : 0;
    if (above(bytes, limits.parameters_bytes_max)) {
      return too_large(what, bytes, limits.parameters_bytes_max);
    }
  }
  return std::nullopt;
}

std::optional<Failure> check_limits(const LimitsDraft& draft, const ServiceLimits& limits) {
  REFUSE_IF(check_range(draft.timeout_ms, limits.timeout_ms, {"duration", " milliseconds"}));
  REFUSE_IF(check_range(draft.memory_mb, limits.memory_mb, {"memory size", " MB"}));
  REFUSE_IF(check_range(draft.logs_mb, limits.logs_mb, {"log size", " MB"}));
  REFUSE_IF(check_range(draft.concurrency, limits.concurrency, {"concurrency", ""}));
  if (!draft.instances.has_value()) return std::nullopt;
  if (*draft.instances < 0) {
    return check_range(draft.instances, {0, 0, limits.concurrent_invocations}, {"instances", ""});
  }
  if (*draft.instances <= limits.concurrent_invocations) return std::nullopt;
  return Failure{400,
                 "Max action instance concurrency must not exceed your namespace concurrency of " +
                     std::to_string(limits.concurrent_invocations) + ".",
                 Failure::From::kHandler,
                 {}};
}

std::optional<std::string> normal_version(std::string_view text) {
  std::array<std::int64_t, 3> parts{};
  for (std::int64_t& part : parts) {
    const std::string_view digits = text.substr(0, text.find('.'));
    const auto number = parse_integer(digits);
    if (!number.has_value() || *number < 0 || *number > INT32_MAX) return std::nullopt;
    part = *number;
    if (digits.size() == text.size()) {
      text = {};
      break;
    }
    text.remove_prefix(digits.size() + 1);
    if (&part == &parts.back()) return std::nullopt;  // a fourth part
  }
  if (parts == std::array<std::int64_t, 3>{}) return std::nullopt;
  return std::to_string(parts[0]) + "." + std::to_string(parts[1]) + "." + std::to_string(parts[2]);
}

std::string next_version(const std::string& version) {
  const std::size_t dot = version.rfind('.');
  const auto patch = parse_integer(std::string_view(version).substr(dot + 1));
  return version.substr(0, dot + 1) + std::to_string(patch.value_or(0) + 1);
}

}  // namespace standalone
