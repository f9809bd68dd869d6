// What a sandbox has written and nobody has collected yet.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "invoker/container.h"
#include "invoker/log_counter.h"

namespace invoker_container {

struct LogEntry {
  invoker::LogLine line;
  invoker::LogLineEnd end = invoker::LogLineEnd::kNewline;
  bool sentinel = false;     // it holds the sentinel
  bool lost_before = false;  // lines were dropped in front of it because the buffer was full
};

// Threads: any. One side adds, the other takes.
class LogBuffer {
 public:
  explicit LogBuffer(std::int64_t bytes_max) : bytes_max_(bytes_max) {}

  // Bytes as they were read from one of the two streams.
  void add(std::string_view bytes, bool is_stderr, base::WallTime now);
  // Nothing will be added to this stream any more.
  void close(bool is_stderr, base::WallTime now);

  // The oldest entry; waits for one until `deadline`. Nothing when the time is over, or at once
  // when the buffer is empty and both streams are closed.
  std::optional<LogEntry> take(base::Instant deadline);
  // The oldest entry, or what has come of a line that has no end yet.
  std::optional<LogEntry> take_now(base::WallTime now);
  // Throws away everything.
  void clear();

 private:
  void add_line(bool is_stderr, base::WallTime now, invoker::LogLineEnd end);
  std::optional<LogEntry> pop();

  const std::int64_t bytes_max_;
  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::deque<LogEntry> entries_;
  std::int64_t bytes_ = 0;
  std::string partial_[2];  // of stdout and stderr
  bool closed_[2] = {false, false};
  bool dropping_ = false;
};

}  // namespace invoker_container
