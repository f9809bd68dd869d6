#include "log_reader.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <utility>
#include <vector>

namespace invoker_container {
namespace {

constexpr std::size_t kReadBytes = 64 << 10;
constexpr int kEventsMax = 64;
constexpr int kDrainReadsMax = 64;  // a pipe holds less; a flood goes on for ever

// Which pipe an event is about: the key, and the stream in the lowest bit.
std::uint64_t tag(std::uint64_t key, bool is_stderr) { return key << 1 | (is_stderr ? 1 : 0); }

}  // namespace

base::Result<std::unique_ptr<LogReader>> LogReader::create(const base::Clock& clock) {
  base::UniqueFd epoll(epoll_create1(EPOLL_CLOEXEC));
  base::UniqueFd stop(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  epoll_event event{EPOLLIN, {.u64 = 0}};
  if (!epoll.valid() || !stop.valid() ||
      epoll_ctl(epoll.get(), EPOLL_CTL_ADD, stop.get(), &event) < 0) {
    return base::error_from_errno(errno, "making an epoll");
  }
  return std::unique_ptr<LogReader>(new LogReader(clock, std::move(epoll), std::move(stop)));
}

LogReader::LogReader(const base::Clock& clock, base::UniqueFd epoll, base::UniqueFd stop)
    : clock_(clock), epoll_(std::move(epoll)), stop_(std::move(stop)), thread_([this] { run(); }) {}

LogReader::~LogReader() {
  eventfd_write(stop_.get(), 1);
  thread_.join();
}

base::Result<std::uint64_t> LogReader::add(base::UniqueFd out, base::UniqueFd err,
                                           std::shared_ptr<LogBuffer> buffer) {
  const std::scoped_lock lock(mutex_);
  const std::uint64_t key = next_key_++;
  Source& source = sources_[key];
  source.pipes[0] = std::move(out);
  source.pipes[1] = std::move(err);
  source.buffer = std::move(buffer);
  for (const bool is_stderr : {false, true}) {
    epoll_event event{EPOLLIN, {.u64 = tag(key, is_stderr)}};
    if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, source.pipes[is_stderr].get(), &event) < 0) {
      const int problem = errno;
      sources_.erase(key);
      return base::error_from_errno(problem, "watching a log pipe");
    }
  }
  return key;
}

void LogReader::remove(std::uint64_t key) {
  const std::scoped_lock lock(mutex_);
  sources_.erase(key);  // closing takes the pipes out of the epoll: nobody else holds them
}

void LogReader::drain(std::uint64_t key) {
  const std::scoped_lock lock(mutex_);
  const auto source = sources_.find(key);
  if (source == sources_.end()) return;
  for (const bool is_stderr : {false, true}) {
    for (int i = 0; i < kDrainReadsMax && read_once(source->second, is_stderr); ++i) continue;
  }
}

// False when there is nothing more now: less than was asked for empties a pipe.
bool LogReader::read_once(Source& source, bool is_stderr) {
  base::UniqueFd& pipe = source.pipes[is_stderr];
  if (!pipe.valid()) return false;
  char bytes[kReadBytes];
  // NOLINTNEXTLINE(clang-analyzer-unix.BlockInCriticalSection): these pipes do not block.
  const ssize_t length = read(pipe.get(), bytes, sizeof bytes);
  if (length > 0) {
    source.buffer->add({bytes, static_cast<std::size_t>(length)}, is_stderr, clock_.wall());
    return length == sizeof bytes;
  }
  if (length < 0 && (errno == EAGAIN || errno == EINTR)) return false;
  pipe.reset();
  source.buffer->close(is_stderr, clock_.wall());
  return false;
}

void LogReader::run() {
  epoll_event events[kEventsMax];
  for (;;) {
    const int count = epoll_wait(epoll_.get(), events, kEventsMax, -1);
    const std::scoped_lock lock(mutex_);
    for (int i = 0; i < count; ++i) {
      if (events[i].data.u64 == 0) return;
      const auto source = sources_.find(events[i].data.u64 >> 1);
      if (source != sources_.end()) read_once(source->second, (events[i].data.u64 & 1) != 0);
    }
  }
}

}  // namespace invoker_container
