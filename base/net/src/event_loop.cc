#include "base_net/event_loop.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/check.h"

namespace base_net {

EventLoop::EventLoop()
    : epoll_(::epoll_create1(EPOLL_CLOEXEC)), wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  CHECK(epoll_.valid() && wake_.valid());
  watch(wake_.get(), EPOLLIN, [this](std::uint32_t) {
    std::uint64_t count = 0;
    [[maybe_unused]] const auto bytes = ::read(wake_.get(), &count, sizeof(count));
    run_posted();
  });
}

EventLoop::~EventLoop() { CHECK(!thread_.joinable()); }

void EventLoop::run() {
  thread_ = std::thread([this] { work(); });
}

void EventLoop::stop(Action last) {
  post([this, last = std::move(last)] {
    last();
    ending_ = true;
  });
  if (thread_.joinable()) thread_.join();
}

bool EventLoop::post(Action action) {
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    if (ended_) return false;
    first = posted_.empty();
    posted_.push_back(std::move(action));
  }
  const std::uint64_t one = 1;
  if (first) {
    [[maybe_unused]] const auto bytes = ::write(wake_.get(), &one, sizeof(one));
  }
  return true;
}

void EventLoop::watch(int fd, std::uint32_t events, Ready ready) {
  watched_[fd] = std::make_shared<Ready>(std::move(ready));
  epoll_event event{.events = events, .data = {.fd = fd}};
  CHECK(::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) == 0);
}

void EventLoop::change(int fd, std::uint32_t events) {
  epoll_event event{.events = events, .data = {.fd = fd}};
  CHECK(::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event) == 0);
}

void EventLoop::forget(int fd) {
  if (watched_.erase(fd) > 0) ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
}

EventLoop::Timer EventLoop::at(base::Instant when, Action action) {
  const Timer timer{when, ++next_timer_};
  timers_.emplace(timer, std::move(action));
  return timer;
}

EventLoop::Timer EventLoop::after(std::chrono::nanoseconds wait, Action action) {
  return at(std::chrono::steady_clock::now() + wait, std::move(action));
}

void EventLoop::cancel(const Timer& timer) { timers_.erase(timer); }

void EventLoop::work() {
  std::array<epoll_event, 64> events{};
  while (!ending_) {
    const int count = ::epoll_wait(epoll_.get(), events.data(), events.size(), wait_ms());
    CHECK(count >= 0 || errno == EINTR);
    for (int i = 0; i < count && !ending_; ++i) {
      // An earlier one of these events may have forgotten this descriptor.
      const auto found = watched_.find(events[static_cast<std::size_t>(i)].data.fd);
      if (found == watched_.end()) continue;
      const std::shared_ptr<Ready> ready = found->second;
      (*ready)(events[static_cast<std::size_t>(i)].events);
    }
    if (!ending_) run_due();
  }
  std::vector<Action> dropped;
  const std::lock_guard lock(mutex_);
  ended_ = true;
  dropped.swap(posted_);
}

void EventLoop::run_posted() {
  std::vector<Action> actions;
  {
    const std::lock_guard lock(mutex_);
    actions.swap(posted_);
  }
  for (Action& action : actions) {
    if (ending_) return;
    action();
    action = nullptr;
  }
}

void EventLoop::run_due() {
  const base::Instant now = std::chrono::steady_clock::now();
  while (!timers_.empty() && timers_.begin()->first.first <= now && !ending_) {
    const Action action = std::move(timers_.begin()->second);
    timers_.erase(timers_.begin());
    action();
  }
}

int EventLoop::wait_ms() const {
  if (timers_.empty()) return -1;
  const auto left = timers_.begin()->first.first - std::chrono::steady_clock::now();
  const auto ms = std::chrono::ceil<std::chrono::milliseconds>(left).count();
  return static_cast<int>(std::clamp<std::int64_t>(ms, 0, 60'000));
}

}  // namespace base_net
