// Whether a container has ended, and the wait for it.
#pragma once

#include <condition_variable>
#include <mutex>

#include "base/clock.h"
#include "base/unique_fd.h"

namespace invoker_docker {

// Told by the kernel where this host sees the container's first process, else by the daemon's
// events. Threads: any.
class Ending {
 public:
  // `pidfd` of the first process; not valid: ask the events.
  explicit Ending(base::UniqueFd pidfd) : pidfd_(std::move(pidfd)) {}

  bool ended() const;
  // Waits for that long at most; true when it has ended.
  bool wait(base::milliseconds time);
  // The daemon says so.
  void mark();

  // False where it cannot: nobody has the process.
  bool kill() const;
  bool by_kernel() const { return pidfd_.valid(); }

 private:
  const base::UniqueFd pidfd_;
  mutable std::mutex mutex_;  // guards marked_
  std::condition_variable changed_;
  bool marked_ = false;
};

}  // namespace invoker_docker
