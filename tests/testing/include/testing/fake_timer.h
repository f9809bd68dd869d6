// A timer that strikes when it is told what time it is.
#pragma once

#include <functional>
#include <map>
#include <mutex>

#include "base/timer.h"

namespace testing_support {

class FakeTimer final : public base::Timer {
 public:
  Ticket arm(base::Instant when, std::function<void()> action) override {
    const std::lock_guard lock(mutex_);
    const Ticket ticket{when, next_++};
    waiting_.emplace(ticket, std::move(action));
    return ticket;
  }
  void cancel(const Ticket& ticket) override {
    const std::lock_guard lock(mutex_);
    waiting_.erase(ticket);
  }
  // Runs what is due.
  void strike(base::Instant now) {
    while (true) {
      std::unique_lock lock(mutex_);
      if (waiting_.empty() || waiting_.begin()->first.first > now) return;
      auto node = waiting_.extract(waiting_.begin());
      lock.unlock();
      node.mapped()();
    }
  }
  std::size_t count() const {
    const std::lock_guard lock(mutex_);
    return waiting_.size();
  }

 private:
  mutable std::mutex mutex_;  // guards everything below
  std::map<Ticket, std::function<void()>> waiting_;
  std::uint64_t next_ = 0;
};

}  // namespace testing_support
