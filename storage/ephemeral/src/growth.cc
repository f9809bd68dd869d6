#include "growth.h"

#include <sys/epoll.h>
#include <sys/inotify.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <set>
#include <string>
#include <vector>

#include "base/check.h"

namespace storage_ephemeral {

GrowthWatch::GrowthWatch(EventLoop& loop) : inotify_(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)) {
  CHECK(inotify_.valid());
  loop.watch(inotify_.get(), EPOLLIN, [this](std::uint32_t) { read_events(); });
}

base::Result<int> GrowthWatch::add(const base::UniqueFd& file, std::function<void()> grown) {
  const std::string path = "/proc/self/fd/" + std::to_string(file.get());
  const std::lock_guard lock(mutex_);
  const int watch = ::inotify_add_watch(inotify_.get(), path.c_str(), IN_MODIFY);
  if (watch < 0) return base::error_from_errno(errno, "watch for the growth of a file");
  watches_[watch] = std::make_shared<std::function<void()>>(std::move(grown));
  return watch;
}

void GrowthWatch::remove(int watch) {
  const std::lock_guard lock(mutex_);
  watches_.erase(watch);
  ::inotify_rm_watch(inotify_.get(), watch);
}

void GrowthWatch::read_events() {
  alignas(inotify_event) std::array<char, 16 << 10> buffer{};
  std::set<int> grown;
  bool overflow = false;
  while (true) {
    const ssize_t bytes = ::read(inotify_.get(), buffer.data(), buffer.size());
    if (bytes <= 0) break;
    for (ssize_t at = 0; at < bytes;) {
      inotify_event event{};
      std::memcpy(&event, buffer.data() + at, sizeof(event));
      overflow = overflow || (event.mask & IN_Q_OVERFLOW) != 0;
      grown.insert(event.wd);
      at += static_cast<ssize_t>(sizeof(event) + event.len);
    }
  }
  std::vector<std::shared_ptr<std::function<void()>>> told;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [watch, action] : watches_) {
      if (overflow) grown.insert(watch);
    }
    for (const int watch : grown) {
      const auto found = watches_.find(watch);
      if (found != watches_.end()) told.push_back(found->second);
    }
  }
  for (const auto& action : told) (*action)();
}

}  // namespace storage_ephemeral
