#include "base/timer.h"

namespace base {

ThreadTimer::ThreadTimer() : thread_([this] { work(); }) {}

ThreadTimer::~ThreadTimer() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

Timer::Ticket ThreadTimer::arm(Instant when, std::function<void()> action) {
  std::unique_lock lock(mutex_);
  const Ticket ticket{when, next_++};
  const auto place = waiting_.emplace(ticket, std::move(action)).first;
  const bool is_first = place == waiting_.begin();
  lock.unlock();
  if (is_first) wake_.notify_one();
  return ticket;
}

void ThreadTimer::cancel(const Ticket& ticket) {
  std::function<void()> dropped;  // declared first: destroyed after the lock is given back
  const std::lock_guard lock(mutex_);
  const auto found = waiting_.find(ticket);
  if (found == waiting_.end()) return;
  dropped = std::move(found->second);
  waiting_.erase(found);
}

void ThreadTimer::work() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (waiting_.empty()) {
      wake_.wait(lock);
      continue;
    }
    const Instant next = waiting_.begin()->first.first;
    if (std::chrono::steady_clock::now() < next) {
      wake_.wait_until(lock, next);
      continue;
    }
    auto node = waiting_.extract(waiting_.begin());
    lock.unlock();
    node.mapped()();
    lock.lock();
  }
}

}  // namespace base
