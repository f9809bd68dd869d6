#include "ending.h"

#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

namespace invoker_docker {

bool Ending::ended() const {
  if (pidfd_.valid()) {
    pollfd process{pidfd_.get(), POLLIN, 0};
    if (poll(&process, 1, 0) == 1) return true;
  }
  const std::lock_guard lock(mutex_);
  return marked_;
}

bool Ending::wait(base::milliseconds time) {
  if (pidfd_.valid()) {
    pollfd process{pidfd_.get(), POLLIN, 0};
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
}

bool Ending::kill() const {
  return pidfd_.valid() && syscall(SYS_pidfd_send_signal, pidfd_.get(), SIGKILL, nullptr, 0) == 0;
}

}  // namespace invoker_docker
