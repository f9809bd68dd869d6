#include "base/fd_log_sink.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <csignal>
#include <system_error>
#include <utility>

namespace base {
namespace {

constexpr milliseconds kPatienceAtEnd{1000};
constexpr milliseconds kStopCheck{100};

// As many whole lines as fit what a pipe takes in one piece, so that programs which share the pipe
// do not tear each other's lines, and a pipe that poll() called writable cannot block.
std::string_view next_piece(std::string_view lines) {
  if (lines.size() <= PIPE_BUF) return lines;
  const std::size_t line_end = lines.rfind('\n', PIPE_BUF - 1);
  return lines.substr(0, line_end == lines.npos ? PIPE_BUF : line_end + 1);
}

}  // namespace

FdLogSink::FdLogSink(int fd, std::size_t buffer_bytes_max)
    : fd_(fd),
      buffer_bytes_max_(buffer_bytes_max),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

FdLogSink::~FdLogSink() { flush(kPatienceAtEnd); }

void FdLogSink::write(std::string_view line) {
  const std::lock_guard lock(mutex_);
  if (buffer_.size() + line.size() > buffer_bytes_max_) {
    ++dropped_;
    return;
  }
  note_dropped();
  buffer_ += line;
  changed_.notify_all();
}

void FdLogSink::note_dropped() {
  if (dropped_ == 0) return;
  buffer_ += "(" + std::to_string(std::exchange(dropped_, 0)) +
             " log lines were dropped: their reader is too slow)\n";
}

bool FdLogSink::flush(milliseconds timeout) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, timeout, [this] { return buffer_.empty() && !writing_; });
}

void FdLogSink::run(const std::stop_token& stop) {
  // A reader that went away must not end the program (SIGPIPE), and no signal is meant for here.
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
  std::unique_lock lock(mutex_);
  while (changed_.wait(lock, stop, [this] { return !buffer_.empty(); })) {
    const std::string lines = std::exchange(buffer_, {});
    writing_ = true;
    lock.unlock();
    const bool go_on = write_out(lines, stop);
    lock.lock();
    writing_ = false;
    if (buffer_.empty()) note_dropped();
    changed_.notify_all();
    if (!go_on) return;
  }
}

// False when it was told to stop before everything was written.
bool FdLogSink::write_out(const std::string& lines, const std::stop_token& stop) {
  const std::string note = note_refused();
  const std::string text = note + lines;
  std::string_view rest = text;
  const End end = put(rest, stop);
  const std::size_t written = text.size() - rest.size();
  if (written >= note.size()) refused_ = 0;
  if (written > 0) torn_ = text[written - 1] != '\n';
  if (end == End::kRefused) {
    const auto from = static_cast<std::ptrdiff_t>(std::max(written, note.size()));
    refused_ += static_cast<std::uint64_t>(std::count(text.begin() + from, text.end(), '\n'));
  }
  return end != End::kStopped;
}

std::string FdLogSink::note_refused() const {
  if (refused_ == 0) return {};
  return (torn_ ? "\n(" : "(") + std::to_string(refused_) +
         " log lines could not be written: " + std::generic_category().message(why_) + ")\n";
}

FdLogSink::End FdLogSink::put(std::string_view& rest, const std::stop_token& stop) {
  while (!rest.empty()) {
    pollfd ready{.fd = fd_, .events = POLLOUT, .revents = 0};
    const int answer = ::poll(&ready, 1, static_cast<int>(kStopCheck.count()));
    if (answer <= 0) {
      if (stop.stop_requested()) return End::kStopped;
      continue;
    }
    const std::string_view piece = next_piece(rest);
    const ssize_t written = ::write(fd_, piece.data(), piece.size());
    if (written > 0) {
      rest.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno != EINTR && errno != EAGAIN) {
      why_ = errno;
      return End::kRefused;
    }
  }
  return End::kWritten;
}

}  // namespace base
