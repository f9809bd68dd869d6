// Whether a container has ended, and the wait for it.
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>

#include "base/clock.h"
#include "base/unique_fd.h"
#include "host_view.h"

namespace invoker_docker {

// Told by the kernel where this host sees the container's first process, else by the daemon's
// events. Threads: any.
class Ending {
 public:
  // `view` of the first process; one without a pidfd: ask the events.
  explicit Ending(HostView view);

  bool ended() const;
  // Waits for that long at most; true when it has ended.
  bool wait(base::milliseconds time);
  // Polls readable when it has ended.
  int descriptor() const { return by_kernel() ? view_.pidfd.get() : marked_event_.get(); }

  // It counts as ended from now on: the daemon says so, or nobody is to speak to it any more.
  void mark();
  // The daemon does not know it any more, or has given its address away: what is there of it ends,
  // frozen or not.
  void end();

  // The daemon has stopped it, for whomever; take_pause() tells so once.
  void note_pause() { paused_ = true; }
  bool take_pause() { return paused_.exchange(false); }

  // False where it cannot: nobody has the process.
  bool kill() const;
  bool by_kernel() const { return view_.pidfd.valid(); }
  const HostView& view() const { return view_; }

 private:
  const HostView view_;
  const base::UniqueFd marked_event_;
  std::atomic<bool> paused_ = false;
  mutable std::mutex mutex_;  // guards marked_
  std::condition_variable changed_;
  bool marked_ = false;
};

}  // namespace invoker_docker
