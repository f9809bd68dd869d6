#include "log_collector.h"

#include <algorithm>
#include <utility>

#include "invoker/log_counter.h"

namespace invoker_docker {

bool LogCollector::add(LogEntry entry) {
  if (logs_.truncated || complete()) return false;
  bytes_ += entry.json_bytes;
  logs_.truncated = bytes_ > request_.limit_bytes;
  if (logs_.truncated) return false;
  if (invoker::is_log_sentinel(entry.line.text)) return ++sentinels_ < 2;
  logs_.lines.push_back(std::move(entry.line));
  return true;
}

invoker::CollectedLogs LogCollector::finish() && {
  if (request_.wait_for_sentinels && !complete() && !logs_.truncated) logs_.failed = true;
  return std::move(logs_);
}

std::chrono::seconds collection_time(std::int64_t limit_bytes) {
  return kLinePatience * std::max<std::int64_t>(5, limit_bytes >> 20);
}

}  // namespace invoker_docker
