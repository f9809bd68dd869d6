// One thread that waits for descriptors, times and what other threads hand it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/unique_fd.h"

namespace base_net {

// Threads: post() from any; the rest from the loop's own thread, or before run().
// Order: what is posted runs in that order.
class EventLoop {
 public:
  using Action = std::function<void()>;
  using Ready = std::function<void(std::uint32_t events)>;  // EPOLLIN and so on
  using Timer = std::pair<base::Instant, std::uint64_t>;

  EventLoop();
  ~EventLoop();  // stop() was called
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  void run();
  // Runs `last` on the loop's thread, then ends it. What is posted later never runs. Not from the
  // loop's own thread.
  void stop(Action last);

  // False: the loop has ended, and the action is gone.
  bool post(Action action);
  bool on_loop_thread() const { return std::this_thread::get_id() == thread_.get_id(); }

  void watch(int fd, std::uint32_t events, Ready ready);
  void change(int fd, std::uint32_t events);
  void forget(int fd);  // before it is closed; its `ready` is not called any more

  Timer at(base::Instant when, Action action);
  Timer after(std::chrono::nanoseconds wait, Action action);
  void cancel(const Timer& timer);

 private:
  void work();
  void run_posted();
  void run_due();
  int wait_ms() const;

  base::UniqueFd epoll_, wake_;
  std::map<int, std::shared_ptr<Ready>> watched_;
  std::map<Timer, Action> timers_;
  std::uint64_t next_timer_ = 0;
  bool ending_ = false;

  std::mutex mutex_;  // guards what follows
  std::vector<Action> posted_;
  bool ended_ = false;

  std::thread thread_;
};

}  // namespace base_net
