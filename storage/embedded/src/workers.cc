#include "workers.h"

#include <utility>

namespace storage_embedded {

Workers::Workers(std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) threads_.emplace_back([this, i] { run(i); });
}

Workers::~Workers() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  came_.notify_all();
  for (auto& thread : threads_) thread.join();
}

void Workers::put(Work work) {
  const std::lock_guard lock(mutex_);
  waiting_.push_back(std::move(work));
  came_.notify_one();
}

void Workers::run(std::size_t worker) {
  while (true) {
    std::unique_lock lock(mutex_);
    came_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    Work work = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    work(worker);
  }
}

}  // namespace storage_embedded
