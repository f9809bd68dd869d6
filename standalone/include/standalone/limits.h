// What the platform allows. The defaults are OpenWhisk's, but for the throttles: those are meant
// for many users of one cluster, and would only surprise on a machine of one's own.
#pragma once

#include <cstdint>
#include <string>

#include "base/json.h"

namespace standalone {

struct Range {
  std::int64_t min = 0;
  std::int64_t standard = 0;
  std::int64_t max = 0;
};

struct ServiceLimits {
  std::int64_t invocations_per_minute = 10'000'000;
  std::int64_t fires_per_minute = 10'000'000;
  std::int64_t concurrent_invocations = 10'000;
  std::int64_t sequence_length = 50;
  Range timeout_ms{100, 60'000, 300'000};
  Range memory_mb{128, 256, 512};
  Range logs_mb{0, 10, 10};
  Range concurrency{1, 1, 1};  // the runtimes of this host serve one call after the other
  std::int64_t exec_bytes_max = 48LL << 20;
  std::int64_t parameters_bytes_max = 1LL << 20;
  std::int64_t payload_bytes_max = 1LL << 20;
  std::int64_t blocking_wait_ms = 60'000;

  // With the overrides of a namespace, in OpenWhisk's names (invocationsPerMinute, …). Throttles
  // are replaced; ranges can only become narrower.
  ServiceLimits with_overrides(const base::Json& overrides) const;

  base::Json to_info_json() const;       // "limits" of GET /
  base::Json to_namespace_json() const;  // GET …/limits
};

}  // namespace standalone
