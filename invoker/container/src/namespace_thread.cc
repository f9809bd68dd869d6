#include "namespace_thread.h"

#include <fcntl.h>
#include <sched.h>

#include <cerrno>

namespace invoker_container {

base::Result<std::unique_ptr<NamespaceThread>> NamespaceThread::create() {
  base::UniqueFd home(open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC));
  if (!home.valid()) return base::error_from_errno(errno, "opening this mount namespace");
  std::unique_ptr<NamespaceThread> result(new NamespaceThread(std::move(home)));
  std::promise<base::Status> ready;
  std::future<base::Status> status = ready.get_future();
  result->thread_ = std::thread([thread = result.get(), promise = std::move(ready)]() mutable {
    thread->run(std::move(promise));
  });
  TRY_STATUS(status.get());
  return result;
}

NamespaceThread::~NamespaceThread() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void NamespaceThread::run(std::promise<base::Status> ready) {
  if (unshare(CLONE_FS) < 0) {
    ready.set_value(base::error_from_errno(errno, "unsharing the working directory"));
    return;
  }
  ready.set_value({});
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stopping_ || !tasks_.empty(); });
    if (tasks_.empty()) return;
    Task task = std::move(tasks_.front());
    tasks_.pop_front();
    lock.unlock();
    task();
    lock.lock();
  }
}

base::Status NamespaceThread::visit(int mount_namespace,
                                    const std::function<base::Status()>& work) {
  Task task([this, mount_namespace, &work]() -> base::Status {
    if (setns(mount_namespace, CLONE_NEWNS) < 0) {
      return base::error_from_errno(errno, "entering the mount namespace of a sandbox");
    }
    base::Status status = work();
    // Without a way back this process would go on in the sandbox's tree.
    CHECK(setns(home_.get(), CLONE_NEWNS) == 0);
    return status;
  });
  std::future<base::Status> status = task.get_future();
  {
    const std::scoped_lock lock(mutex_);
    tasks_.push_back(std::move(task));
  }
  changed_.notify_one();
  return status.get();
}

}  // namespace invoker_container
