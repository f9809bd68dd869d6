#include "collect.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace invoker_container {
namespace {

constexpr std::chrono::seconds kLinePatience{2};
constexpr std::int64_t kMegabyte = 1 << 20;

// False when the limit has been reached.
bool count(const LogEntry& entry, invoker::LogCounter& counter, invoker::CollectedLogs& logs) {
  logs.truncated = entry.lost_before || !counter.add(entry.line.text, entry.line.time, entry.end);
  return !logs.truncated;
}

invoker::CollectedLogs collect_present(LogBuffer& buffer, invoker::LogCounter counter,
                                       base::WallTime now) {
  invoker::CollectedLogs logs;
  while (auto entry = buffer.take_now(now)) {
    if (!count(*entry, counter, logs)) break;
    if (!entry->sentinel) logs.lines.push_back(std::move(entry->line));
  }
  return logs;
}

}  // namespace

invoker::CollectedLogs collect(LogBuffer& buffer, const invoker::LogRequest& request,
                               const base::Clock& clock) {
  if (request.limit_bytes <= 0) {
    buffer.clear();
    return {};
  }
  invoker::LogCounter counter(request.limit_bytes);
  if (!request.wait_for_sentinels) return collect_present(buffer, counter, clock.wall());
  invoker::CollectedLogs logs;
  const auto megabytes = std::max<std::int64_t>(5, request.limit_bytes / kMegabyte);
  const base::Instant end = clock.now() + kLinePatience * megabytes;
  for (int sentinels = 0; sentinels < 2;) {
    auto entry = buffer.take(std::min(end, clock.now() + kLinePatience));
    logs.failed = !entry || clock.now() > end;
    if (logs.failed || !count(*entry, counter, logs)) return logs;
    if (entry->sentinel) {
      ++sentinels;
    } else {
      logs.lines.push_back(std::move(entry->line));
    }
  }
  return logs;
}

}  // namespace invoker_container
