// One activation's lines, cut at its limit.
#pragma once

#include "base/clock.h"
#include "invoker/container.h"
#include "log_line.h"

namespace invoker_docker {

// Not thread-safe.
class LogCollector {
 public:
  explicit LogCollector(const invoker::LogRequest& request) : request_(request) {}

  // False when no further line is wanted: both sentinels have come, or the limit is reached.
  bool add(LogEntry entry);
  bool complete() const { return sentinels_ == 2; }
  void fail() { logs_.failed = true; }

  // What came. Where sentinels were to be waited for and are missing, it failed.
  invoker::CollectedLogs finish() &&;

 private:
  const invoker::LogRequest request_;
  invoker::CollectedLogs logs_;
  std::int64_t bytes_ = 0;
  int sentinels_ = 0;
};

// How long one collection may take: two seconds for each megabyte of the limit, ten at least.
std::chrono::seconds collection_time(std::int64_t limit_bytes);
// How long it waits for a line.
inline constexpr std::chrono::seconds kLinePatience{2};

}  // namespace invoker_docker
