// The one thread that owns the container pool: events go in from anywhere, commands come out here.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

#include "base/clock.h"
#include "invoker/container_pool.h"

namespace invoker {

// Something that happened, told to the pool at the time it is taken up.
using PoolEvent = std::function<Commands(ContainerPool&, base::Instant)>;

// Threads: post(), stats() and wait_until_empty() from any thread. `execute` is called on the
// pool's thread and must not block.
class PoolThread {
 public:
  PoolThread(PoolConfig config, const base::Clock& clock, std::function<void(Command&)> execute);
  // close()s.
  ~PoolThread();
  PoolThread(const PoolThread&) = delete;
  PoolThread& operator=(const PoolThread&) = delete;

  // Starts the thread; what was posted before is taken up then.
  void begin();
  // Takes up no further events and joins; post() stays safe, without effect.
  void close();
  void post(PoolEvent event);
  PoolStats stats() const;
  // True once the pool is empty, false when `deadline` came first.
  bool wait_until_empty(base::Instant deadline);

 private:
  void work(const std::stop_token& stop);
  std::deque<PoolEvent> wait_for_events(const std::stop_token& stop);
  void take_up(PoolEvent& event);
  void publish();

  const base::Clock& clock_;
  const std::function<void(Command&)> execute_;
  ContainerPool pool_;  // used on thread_ only

  mutable std::mutex mutex_;  // guards events_, stats_ and empty_
  std::condition_variable_any wake_;
  std::condition_variable emptied_;
  std::deque<PoolEvent> events_;
  PoolStats stats_;
  bool empty_ = true;

  std::jthread thread_;
};

}  // namespace invoker
