// Whether an action may still run under the limits of the namespace that invokes it.
//
// Controllers check limits when an action is made; the invoker checks again when it runs, because
// limits may have become narrower since.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "base/json.h"
#include "invoker/action.h"

namespace invoker {

// Inclusive.
struct Range {
  std::int64_t min = 0;
  std::int64_t max = 0;
};

// In the units of OpenWhisk's documents.
struct LimitRanges {
  Range timeout_ms{100, 300'000};
  Range memory_mb{128, 512};
  Range concurrency{1, 1};
  Range logs_mb{0, 10};
};

// The text of the first limit that is broken; nothing when all hold. What the namespace's own
// `limits` (of the identity) name replaces `namespace_default`; neither goes beyond `system`.
std::optional<std::string> broken_limit(const ActionLimits& limits, const base::Json& own,
                                        const LimitRanges& namespace_default,
                                        const LimitRanges& system);

}  // namespace invoker
