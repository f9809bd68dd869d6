#include "host_calls.h"

#include "connection.h"

namespace gpu_session {

void HostCalls::expect() {
  const std::lock_guard lock(mutex_);
  ++outstanding_;
}

void HostCalls::unexpect() {
  const std::lock_guard lock(mutex_);
  --outstanding_;
}

void HostCalls::call(std::uint64_t function) {
  std::unique_lock lock(mutex_);
  // A connection that cannot be written to is about to end, and that ends the wait.
  if (connection_ != nullptr) (void)connection_->say(gpu_wire::HostCall{.function = function}).ok();
  changed_.wait(lock, [&] { return connection_ == nullptr || done_.erase(function) > 0; });
  --outstanding_;
}

void HostCalls::done(std::uint64_t function) {
  const std::lock_guard lock(mutex_);
  // Answers to nothing must not pile up.
  if (outstanding_ == 0) return;
  done_.insert(function);
  changed_.notify_all();
}

void HostCalls::end() {
  const std::lock_guard lock(mutex_);
  connection_ = nullptr;
  changed_.notify_all();
}

int HostCalls::outstanding() const {
  const std::lock_guard lock(mutex_);
  return outstanding_;
}

}  // namespace gpu_session
