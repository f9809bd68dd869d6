#include "host_functions.h"

#include <unistd.h>

#include <utility>

namespace gpu_guest {

std::uint64_t HostFunctions::add(gpu_wire::ClientLink& link, std::function<void()> function) {
  std::uint64_t number = 0;
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    number = ++last_;
    kept_.emplace(number, std::move(function));
    first = !std::exchange(runs_, true);
  }
  if (first) {
    // Lives as long as the process, as the guest does.
    std::thread([this, &link] { run(link); }).detach();
    link.listen_always();
  }
  return number;
}

void HostFunctions::host_call(std::uint64_t function) {
  const std::lock_guard lock(mutex_);
  due_.push_back(function);
  changed_.notify_one();
}

void HostFunctions::print(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(STDOUT_FILENO, text.data(), text.size());
    if (written <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

void HostFunctions::run(gpu_wire::ClientLink& link) {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return !due_.empty(); });
    const std::uint64_t number = due_.front();
    due_.pop_front();
    auto function = kept_.extract(number);
    lock.unlock();
    if (function) function.mapped()();
    link.post(gpu_wire::HostDone{.function = number});
    link.flush();
    lock.lock();
  }
}

}  // namespace gpu_guest
