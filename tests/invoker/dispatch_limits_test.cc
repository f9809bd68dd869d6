#include "invoker/dispatch_limits.h"

#include <gtest/gtest.h>

namespace invoker {
namespace {

struct Row {
  ActionLimits limits;
  std::string own;
  std::string text;  // empty: it may run
};

ActionLimits limits(std::int64_t timeout_ms, std::int64_t memory_mb, int concurrency,
                    std::int64_t logs_mb) {
  return {std::chrono::milliseconds(timeout_ms), memory_mb << 20, logs_mb << 20, concurrency, {}};
}

TEST(DispatchLimits, TheFirstThatIsBrokenIsNamed) {
  LimitRanges namespace_default;
  namespace_default.memory_mb = {128, 256};
  const LimitRanges system;
  const ActionLimits fine = limits(60'000, 256, 1, 10);
  for (const Row& row : std::vector<Row>{
           {fine, "{}", ""},
           {limits(300'001, 1, 9, 99), "{}",
            "duration 300001 milliseconds exceeds allowed threshold of 300000 milliseconds"},
           {limits(99, 256, 1, 10), "{}",
            "duration 99 milliseconds below allowed threshold of 100 milliseconds"},
           {limits(60'000, 257, 1, 10), "{}",
            "memory size 257 MB exceeds allowed threshold of 256 MB"},
           {limits(60'000, 64, 1, 10), "{}", "memory size 64 MB below allowed threshold of 128 MB"},
           {limits(60'000, 256, 2, 10), "{}", "concurrency 2 exceeds allowed threshold of 1"},
           {limits(60'000, 256, 0, 10), "{}", "concurrency 0 below allowed threshold of 1"},
           {limits(60'000, 256, 1, 11), "{}", "log size 11 MB exceeds allowed threshold of 10 MB"},
           // The namespace's own word replaces the default, within what the system allows.
           {limits(60'000, 512, 1, 10), R"({"maxActionMemory":512})", ""},
           {limits(60'000, 513, 1, 10), R"({"maxActionMemory":4096})",
            "memory size 513 MB exceeds allowed threshold of 512 MB"},
           {fine, R"({"minActionLogs":11})", "log size 10 MB below allowed threshold of 11 MB"},
           {fine, R"({"maxActionTimeout":1000})",
            "duration 60000 milliseconds exceeds allowed threshold of 1000 milliseconds"},
           {fine, R"({"maxActionMemory":"many"})", ""},
       }) {
    EXPECT_EQ(
        broken_limit(row.limits, base::Json::parse(row.own).value(), namespace_default, system)
            .value_or(""),
        row.text);
  }
}

}  // namespace
}  // namespace invoker
