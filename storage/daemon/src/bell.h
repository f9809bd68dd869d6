// Wakes who waits for news that may come at any time; what rings together is heard once.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stop_token>

namespace storage_daemon {

// Threads: any may ring, under whatever locks it has; one listens.
class Bell {
 public:
  void ring() {
    const std::lock_guard lock(mutex_);
    rung_ = true;
    rang_.notify_one();
  }

  // Until it was rung since the last time, or `most` has passed; but not less than `least`.
  void wait(const std::stop_token& stop, std::chrono::milliseconds least,
            std::chrono::milliseconds most) {
    std::unique_lock lock(mutex_);
    rang_.wait_for(lock, stop, least, [] { return false; });
    rang_.wait_for(lock, stop, most - least, [this] { return rung_; });
    rung_ = false;
  }

 private:
  std::mutex mutex_;  // taken last
  std::condition_variable_any rang_;
  bool rung_ = false;  // guarded by mutex_
};

}  // namespace storage_daemon
