// Log lines to a file descriptor, without waiting for its reader.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>

#include "base/log.h"

namespace base {

// Lines wait in a buffer of bounded size while a thread of the sink writes them. When the reader is
// slower than that, new lines are dropped; their number is logged as soon as there is room again.
// Lines that the descriptor refuses, as a full disk does, are gone too: the first line that it
// takes again comes after one that says how many these were, and why.
//
// Threads: any method from any thread. The descriptor is not owned and must outlive the sink.
class FdLogSink final : public LogSink {
 public:
  explicit FdLogSink(int fd, std::size_t buffer_bytes_max = 4 << 20);
  // Waits at most a second for lines not written yet.
  ~FdLogSink() override;
  FdLogSink(const FdLogSink&) = delete;
  FdLogSink& operator=(const FdLogSink&) = delete;

  void write(std::string_view line) override;

  // Waits until every line so far is written; false when `timeout` passed first.
  bool flush(milliseconds timeout);

 private:
  void run(const std::stop_token& stop);
  enum class End { kWritten, kRefused, kStopped };
  bool write_out(const std::string& lines, const std::stop_token& stop);
  End put(std::string_view& rest, const std::stop_token& stop);
  std::string note_refused() const;
  void note_dropped();  // with mutex_ held

  const int fd_;
  const std::size_t buffer_bytes_max_;
  std::mutex mutex_;  // guards what follows
  std::condition_variable_any changed_;
  std::string buffer_;    // lines nobody writes yet
  bool writing_ = false;  // lines are with the thread
  std::uint64_t dropped_ = 0;
  // The thread's own.
  std::uint64_t refused_ = 0;
  int why_ = 0;
  bool torn_ = false;    // the last line was refused in its middle
  std::jthread thread_;  // last: it uses everything above
};

}  // namespace base
