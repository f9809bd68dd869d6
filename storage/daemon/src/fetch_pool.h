// Threads for what waits for the store.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <stop_token>
#include <thread>
#include <vector>

namespace storage_daemon {

// Threads: any. Destruction drops what waits, and waits for what runs.
class FetchPool {
 public:
  explicit FetchPool(std::size_t threads, std::size_t waiting_max = 1 << 16);
  ~FetchPool();

  // False when too much waits already: nothing will happen.
  bool post(std::function<void()> task);

 private:
  void work(const std::stop_token& stop);

  const std::size_t waiting_max_;
  std::mutex mutex_;
  std::condition_variable_any filled_;
  std::deque<std::function<void()>> tasks_;  // guarded by mutex_
  std::vector<std::jthread> threads_;
};

}  // namespace storage_daemon
