// Small things that another thread is to do soon, in order.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace invoker_handoff {

// Threads: any. What has not been done when it ends is done then, by who ends it.
class Errands {
 public:
  Errands() : thread_([this](const std::stop_token& stop) { work(stop); }) {}
  ~Errands() { end(); }
  Errands(const Errands&) = delete;
  Errands& operator=(const Errands&) = delete;

  void run(std::function<void()> errand) {
    {
      const std::lock_guard lock(mutex_);
      errands_.push_back(std::move(errand));
    }
    wake_.notify_one();
  }
  void end() {
    thread_ = std::jthread();
    std::deque<std::function<void()>> rest;
    {
      const std::lock_guard lock(mutex_);
      rest.swap(errands_);
    }
    for (const auto& errand : rest) errand();
  }

 private:
  void work(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (wake_.wait(lock, stop, [this] { return !errands_.empty(); })) {
      const auto errand = std::move(errands_.front());
      errands_.pop_front();
      lock.unlock();
      errand();
      lock.lock();
    }
  }

  std::mutex mutex_;  // guards errands_
  std::condition_variable_any wake_;
  std::deque<std::function<void()>> errands_;
  std::jthread thread_;
};

}  // namespace invoker_handoff
