// A bounded pool of threads for blocking work: container operations and activations.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace invoker {

// Threads are started as they are needed, up to a bound, and kept. Tasks beyond it wait in order.
// Threads: any method from any thread, except the destructor.
class Executor {
 public:
  explicit Executor(std::size_t threads_max) : threads_max_(threads_max) {}
  // Runs what was accepted, then joins.
  ~Executor();
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  void run(std::function<void()> task);

  // For the end of a task: of what `last` gives to run() from this thread, the first piece is done
  // by this thread when its task returns, instead of waking another one for it.
  void run_last(const std::function<void()>& last);

 private:
  void work();

  const std::size_t threads_max_;
  std::mutex mutex_;  // guards everything below
  std::condition_variable wake_;
  std::deque<std::function<void()>> tasks_;
  std::vector<std::jthread> threads_;
  std::size_t idle_ = 0;
  bool stopping_ = false;
};

}  // namespace invoker
