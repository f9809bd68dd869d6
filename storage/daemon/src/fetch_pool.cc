#include "fetch_pool.h"

#include <utility>

namespace storage_daemon {

FetchPool::FetchPool(std::size_t threads, std::size_t waiting_max) : waiting_max_(waiting_max) {
  for (std::size_t i = 0; i < threads; ++i) {
    threads_.emplace_back([this](const std::stop_token& stop) { work(stop); });
  }
}

FetchPool::~FetchPool() {
  for (auto& thread : threads_) thread.request_stop();
  threads_.clear();
}

bool FetchPool::post(std::function<void()> task) {
  const std::lock_guard lock(mutex_);
  if (tasks_.size() >= waiting_max_) return false;
  tasks_.push_back(std::move(task));
  filled_.notify_one();
  return true;
}

void FetchPool::work(const std::stop_token& stop) {
  while (true) {
    std::unique_lock lock(mutex_);
    if (!filled_.wait(lock, stop, [this] { return !tasks_.empty(); }) || stop.stop_requested()) {
      return;
    }
    const auto task = std::move(tasks_.front());
    tasks_.pop_front();
    lock.unlock();
    task();
  }
}

}  // namespace storage_daemon
