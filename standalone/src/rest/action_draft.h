// The body of PUT on an action.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "exec_draft.h"
#include "failure.h"
#include "standalone/limits.h"
#include "standalone/runtimes.h"

namespace standalone {

struct LimitsDraft {
  std::optional<std::int64_t> timeout_ms;
  std::optional<std::int64_t> memory_mb;
  std::optional<std::int64_t> logs_mb;
  std::optional<std::int64_t> concurrency;
  std::optional<std::int64_t> instances;
};

// Every member is optional; what is absent keeps its value, or gets the standard one.
struct ActionDraft {
  std::optional<ExecDraft> exec;
  std::optional<base::Json> parameters;
  std::optional<base::Json> annotations;
  std::vector<std::string> removed_annotations;
  LimitsDraft limits;
  std::optional<std::string> version;
  std::optional<bool> publish;
};

Answer<ActionDraft> parse_action_draft(const base::Json& body, const Runtimes& runtimes);

// Whether what is asked for is more than what is allowed (413, 400).
std::optional<Failure> check_sizes(const ActionDraft& draft, const ServiceLimits& limits);
std::optional<Failure> check_limits(const LimitsDraft& draft, const ServiceLimits& limits);

// "1.2.3" of "1.2.3", "1.2" or "1"; nothing when it is no version.
std::optional<std::string> normal_version(std::string_view text);
// One more in the last place.
std::string next_version(const std::string& version);

}  // namespace standalone
