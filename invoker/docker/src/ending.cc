#include "ending.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <utility>

namespace invoker_docker {

Ending::Ending(HostView view)
    : view_(std::move(view)), marked_event_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

bool Ending::ended() const {
  if (view_.pidfd.valid()) {
    pollfd process{view_.pidfd.get(), POLLIN, 0};
    if (poll(&process, 1, 0) == 1) return true;
  }
  const std::lock_guard lock(mutex_);
  return marked_;
}

bool Ending::wait(base::milliseconds time) {
  if (view_.pidfd.valid()) {
    pollfd process{view_.pidfd.get(), POLLIN, 0};
    poll(&process, 1, static_cast<int>(std::clamp<std::int64_t>(time.count(), 0, 60'000)));
    return ended();
  }
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, time, [this] { return marked_; });
}

void Ending::mark() {
  {
    const std::lock_guard lock(mutex_);
    marked_ = true;
  }
  changed_.notify_all();
  eventfd_write(marked_event_.get(), 1);
}

// A frozen process dies when it thaws.
void Ending::end() {
  kill();
  if (view_.freezer) static_cast<void>(view_.freezer->thaw().ok());
  mark();
}

bool Ending::kill() const {
  return view_.pidfd.valid() &&
         syscall(SYS_pidfd_send_signal, view_.pidfd.get(), SIGKILL, nullptr, 0) == 0;
}

}  // namespace invoker_docker
