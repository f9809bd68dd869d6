#include "log_buffer.h"

#include <algorithm>

namespace invoker_container {
namespace {
constexpr std::int64_t kEntryBytes = sizeof(LogEntry);
// Sentinels get in beyond the bound, so that a flood in front of them does not hide them.
constexpr std::int64_t kSentinelReserve = 64 << 10;
}  // namespace

void LogBuffer::add(std::string_view bytes, bool is_stderr, base::WallTime now) {
  const std::scoped_lock lock(mutex_);
  std::string& partial = partial_[is_stderr];
  while (!bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    const std::size_t room = kLineBytesMax - partial.size();
    const std::size_t length = std::min({end, bytes.size(), room});
    partial.append(bytes.substr(0, length));
    bytes.remove_prefix(length);
    const bool ended = !bytes.empty() && bytes.front() == '\n';
    if (ended) bytes.remove_prefix(1);
    if (!ended && partial.size() < kLineBytesMax) return;
    add_line(partial, is_stderr, now);
    partial.clear();
  }
}

void LogBuffer::add_line(std::string_view text, bool is_stderr, base::WallTime now) {
  const bool sentinel = text.find(kSentinel) != std::string_view::npos;
  const std::int64_t size = kEntryBytes + (sentinel ? 0 : static_cast<std::int64_t>(text.size()));
  if (bytes_ + size > bytes_max_ + (sentinel ? kSentinelReserve : 0)) {
    dropping_ = true;
    return;
  }
  bytes_ += size;
  entries_.push_back({{now, is_stderr, sentinel ? "" : std::string(text)}, sentinel, dropping_});
  dropping_ = false;
  changed_.notify_one();
}

void LogBuffer::close(bool is_stderr, base::WallTime now) {
  const std::scoped_lock lock(mutex_);
  std::string& partial = partial_[is_stderr];
  if (!partial.empty()) add_line(partial, is_stderr, now);
  partial.clear();
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
    if (!partial_[is_stderr].empty()) add_line(partial_[is_stderr], is_stderr, now);
    partial_[is_stderr].clear();
  }
  return pop();
}

void LogBuffer::clear() {
  const std::scoped_lock lock(mutex_);
  entries_.clear();
  bytes_ = 0;
  dropping_ = false;
}

}  // namespace invoker_container
