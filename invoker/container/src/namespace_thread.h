// A thread that may visit other mount namespaces.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <thread>

#include "base/result.h"
#include "base/unique_fd.h"

namespace invoker_container {

// The kernel lets a thread enter a mount namespace only when it shares its root and working
// directory with no other thread, so visits happen on a thread of their own, one at a time.
// Threads: any.
class NamespaceThread {
 public:
  static base::Result<std::unique_ptr<NamespaceThread>> create();
  ~NamespaceThread();

  // Runs `work` inside `mount_namespace`, its root being the working directory, and comes back.
  base::Status visit(int mount_namespace, const std::function<base::Status()>& work);

 private:
  using Task = std::packaged_task<base::Status()>;

  explicit NamespaceThread(base::UniqueFd home) : home_(std::move(home)) {}
  void run(std::promise<base::Status> ready);

  const base::UniqueFd home_;
  std::mutex mutex_;  // guards tasks_ and stopping_
  std::condition_variable changed_;
  std::deque<Task> tasks_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace invoker_container
