// Something to be done at a time to come, unless it is taken back.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

#include "base/clock.h"

namespace base {

// Threads: any method from any thread, also from within an action.
class Timer {
 public:
  using Ticket = std::pair<Instant, std::uint64_t>;

  virtual ~Timer() = default;
  // Runs `action` once, soon after `when`. It must not block.
  virtual Ticket arm(Instant when, std::function<void()> action) = 0;
  // Takes it back; no effect when it has run or is running.
  virtual void cancel(const Ticket& ticket) = 0;
};

// One thread for all. What has not run when it is destroyed never runs.
class ThreadTimer final : public Timer {
 public:
  ThreadTimer();
  ~ThreadTimer() override;
  Ticket arm(Instant when, std::function<void()> action) override;
  void cancel(const Ticket& ticket) override;

 private:
  void work();

  std::mutex mutex_;  // guards everything below
  std::condition_variable wake_;
  std::map<Ticket, std::function<void()>> waiting_;
  std::uint64_t next_ = 0;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace base
