#include "collect.h"

#include <algorithm>
#include <chrono>
#include <string_view>

namespace invoker_container {
namespace {

constexpr std::chrono::seconds kLinePatience{2};
constexpr std::int64_t kMegabyte = 1 << 20;
constexpr std::string_view kAround = R"({"log":"\n","stream":"stdout","time":""})";
constexpr std::size_t kTimeBytes = 30;  // 2006-01-02T15:04:05.123456789Z

// Go writes fractions of a second without trailing zeros.
std::size_t time_bytes(base::WallTime time) {
  auto fraction = time.time_since_epoch().count() % 1'000'000'000;
  if (fraction == 0) return kTimeBytes - 10;
  std::size_t length = kTimeBytes;
  for (; fraction % 10 == 0; fraction /= 10) --length;
  return length;
}

std::size_t json_bytes(unsigned char letter) {
  switch (letter) {
    case '"':
    case '\\':
    case '\n':
    case '\r':
    case '\t':
      return 2;
    case '<':
    case '>':
    case '&':
      return 6;
    default:
      return letter < 0x20 ? 6 : 1;
  }
}

invoker::CollectedLogs collect_present(LogBuffer& buffer, std::int64_t limit, base::WallTime now) {
  invoker::CollectedLogs logs;
  std::int64_t bytes = 0;
  while (auto entry = buffer.take_now(now)) {
    bytes += docker_line_bytes(entry->line);
    logs.truncated = entry->lost_before || bytes > limit;
    if (logs.truncated) break;
    if (!entry->sentinel) logs.lines.push_back(std::move(entry->line));
  }
  return logs;
}

}  // namespace

std::int64_t docker_line_bytes(const invoker::LogLine& line) {
  std::size_t bytes = kAround.size() + time_bytes(line.time) + 1;
  for (const char letter : line.text) bytes += json_bytes(static_cast<unsigned char>(letter));
  return static_cast<std::int64_t>(bytes);
}

invoker::CollectedLogs collect(LogBuffer& buffer, const invoker::LogRequest& request,
                               const base::Clock& clock) {
  if (request.limit_bytes <= 0) {
    buffer.clear();
    return {};
  }
  if (!request.wait_for_sentinels) {
    return collect_present(buffer, request.limit_bytes, clock.wall());
  }
  invoker::CollectedLogs logs;
  const auto megabytes = std::max<std::int64_t>(5, request.limit_bytes / kMegabyte);
  const base::Instant end = clock.now() + kLinePatience * megabytes;
  std::int64_t bytes = 0;
  for (int sentinels = 0; sentinels < 2;) {
    auto entry = buffer.take(std::min(end, clock.now() + kLinePatience));
    if (!entry || clock.now() > end) {
      logs.failed = true;
      return logs;
    }
    bytes += docker_line_bytes(entry->line);
    if (entry->sentinel) bytes += static_cast<std::int64_t>(kSentinel.size());
    logs.truncated = entry->lost_before || bytes > request.limit_bytes;
    if (logs.truncated) return logs;
    if (entry->sentinel) {
      ++sentinels;
    } else {
      logs.lines.push_back(std::move(entry->line));
    }
  }
  return logs;
}

}  // namespace invoker_container
