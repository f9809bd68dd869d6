#include "engine/end_watch.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <array>
#include <cstdint>
#include <limits>
#include <utility>

#include "base/check.h"

namespace invoker {
namespace {

// No container is called that.
constexpr std::uint64_t kStop = std::numeric_limits<std::uint64_t>::max();
constexpr std::size_t kEventsAtOnce = 64;

bool watch(int epoll, int descriptor, std::uint64_t number) {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLONESHOT;
  event.data.u64 = number;
  return epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event) == 0;
}

}  // namespace

EndWatch::EndWatch(std::function<void(ContainerId)> ended)
    : ended_(std::move(ended)),
      epoll_(epoll_create1(EPOLL_CLOEXEC)),
      stop_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  CHECK(epoll_.valid() && stop_.valid() && watch(epoll_.get(), stop_.get(), kStop));
  thread_ = std::thread([this] { work(); });
}

EndWatch::~EndWatch() {
  eventfd_write(stop_.get(), 1);
  thread_.join();
}

// One that cannot be watched is found dead by the next who uses it.
void EndWatch::add(ContainerId id, int descriptor) {
  if (descriptor >= 0) watch(epoll_.get(), descriptor, static_cast<std::uint64_t>(id));
}

void EndWatch::work() const {
  std::array<epoll_event, kEventsAtOnce> events{};
  for (;;) {
    const int count = epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), -1);
    for (int at = 0; at < count; ++at) {
      const std::uint64_t number = events[static_cast<std::size_t>(at)].data.u64;
      if (number == kStop) return;
      ended_(static_cast<ContainerId>(number));
    }
  }
}

}  // namespace invoker
