#include "engine/executor.h"

#include <utility>

namespace invoker {
namespace {

// What this thread, while it is in run_last(), keeps for itself.
struct Kept {
  const Executor* by = nullptr;
  std::function<void()> task;
};
thread_local Kept kept;

}  // namespace

Executor::~Executor() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  threads_.clear();
}

void Executor::run_last(const std::function<void()>& last) {
  kept.by = this;
  last();
  kept.by = nullptr;
}

void Executor::run(std::function<void()> task) {
  if (kept.by == this && !kept.task) {
    kept.task = std::move(task);
    return;
  }
  const std::lock_guard lock(mutex_);
  tasks_.push_back(std::move(task));
  // At the end only tasks add tasks, and their threads stay until none is left.
  if (!stopping_ && tasks_.size() > idle_ && threads_.size() < threads_max_) {
    threads_.emplace_back([this] { work(); });
  } else {
    wake_.notify_one();
  }
}

void Executor::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    ++idle_;
    wake_.wait(lock, [this] { return !tasks_.empty() || stopping_; });
    --idle_;
    if (tasks_.empty()) return;
    auto task = std::move(tasks_.front());
    tasks_.pop_front();
    lock.unlock();
    for (; task; task = std::exchange(kept.task, nullptr)) task();
    lock.lock();
  }
}

}  // namespace invoker
