#include "log_buffer.h"

#include <algorithm>
#include <utility>

namespace invoker_container {
namespace {
using invoker::kLogPieceBytes;
using invoker::LogLineEnd;
constexpr std::int64_t kEntryBytes = sizeof(LogEntry);
// Sentinels get in beyond the bound, so that a flood in front of them does not hide them.
constexpr std::int64_t kSentinelReserve = 64 << 10;
}  // namespace

void LogBuffer::add(std::string_view bytes, bool is_stderr, base::WallTime now) {
  const std::scoped_lock lock(mutex_);
  std::string& partial = partial_[is_stderr];
  while (!bytes.empty()) {
    const std::size_t room = kLogPieceBytes - partial.size();
    const std::size_t length = std::min({bytes.find('\n'), bytes.size(), room});
    partial.append(bytes.substr(0, length));
    bytes.remove_prefix(length);
    const bool ended = !bytes.empty() && bytes.front() == '\n';
    if (ended) bytes.remove_prefix(1);
    if (!ended && partial.size() < kLogPieceBytes) return;
    add_line(is_stderr, now, ended ? LogLineEnd::kNewline : LogLineEnd::kCut);
  }
}

// Takes the partial line of that stream.
void LogBuffer::add_line(bool is_stderr, base::WallTime now, LogLineEnd end) {
  std::string text = std::exchange(partial_[is_stderr], std::string());
  const bool sentinel = invoker::is_log_sentinel(text);
  const std::int64_t size = kEntryBytes + static_cast<std::int64_t>(text.size());
  if (bytes_ + size > bytes_max_ + (sentinel ? kSentinelReserve : 0)) {
    dropping_ = true;
    return;
  }
  bytes_ += size;
  entries_.push_back({{now, is_stderr, std::move(text)}, end, sentinel, dropping_});
  dropping_ = false;
  changed_.notify_one();
}

void LogBuffer::close(bool is_stderr, base::WallTime now) {
  const std::scoped_lock lock(mutex_);
  if (!partial_[is_stderr].empty()) add_line(is_stderr, now, LogLineEnd::kCut);
  closed_[is_stderr] = true;
  changed_.notify_one();
}

std::optional<LogEntry> LogBuffer::pop() {
  if (entries_.empty()) return std::nullopt;
  LogEntry entry = std::move(entries_.front());
  entries_.pop_front();
  bytes_ -= kEntryBytes + static_cast<std::int64_t>(entry.line.text.size());
  return entry;
}

std::optional<LogEntry> LogBuffer::take(base::Instant deadline) {
  std::unique_lock lock(mutex_);
  changed_.wait_until(lock, deadline,
                      [this] { return !entries_.empty() || (closed_[0] && closed_[1]); });
  return pop();
}

std::optional<LogEntry> LogBuffer::take_now(base::WallTime now) {
  const std::scoped_lock lock(mutex_);
  for (const bool is_stderr : {false, true}) {
    if (!entries_.empty()) break;
    if (!partial_[is_stderr].empty()) add_line(is_stderr, now, LogLineEnd::kCut);
  }
  return pop();
}

void LogBuffer::clear() {
  const std::scoped_lock lock(mutex_);
  entries_.clear();
  for (std::string& partial : partial_) partial.clear();
  bytes_ = 0;
  dropping_ = false;
}

}  // namespace invoker_container
