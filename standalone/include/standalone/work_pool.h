// A few threads for requests that touch the disk.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace standalone {

// Threads: any method from any thread, except the destructor, which runs what was accepted.
class WorkPool {
 public:
  WorkPool(std::size_t threads, std::size_t queue_max);
  ~WorkPool();
  WorkPool(const WorkPool&) = delete;
  WorkPool& operator=(const WorkPool&) = delete;

  // False when the queue is full; the task is then left as it was.
  bool try_run(std::function<void()>&& task);

 private:
  void work();

  const std::size_t queue_max_;
  std::mutex mutex_;  // guards everything below
  std::condition_variable wake_;
  std::deque<std::function<void()>> tasks_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace standalone
