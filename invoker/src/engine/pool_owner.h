// The one owner of the container pool: events go in from anywhere, commands come out here.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>

#include "base/clock.h"
#include "invoker/container_pool.h"

namespace invoker {

// Something that happened, told to the pool at the time it is taken up.
using PoolEvent = std::function<Commands(ContainerPool&, base::Instant)>;

// Whoever posts an event while nobody is at the pool takes it up at once, with what others post
// meanwhile: waking a thread for it would cost more than the decision. After kTurnMax events the
// owner's own thread goes on, so that no caller is held for long; that thread also keeps the time.
//
// Threads: any method from any thread, except begin() and close(). Events and `execute` are called
// by one thread at a time, in the order of posting; `execute` must neither block nor post.
class PoolOwner {
 public:
  PoolOwner(PoolConfig config, const base::Clock& clock, std::function<void(Command&)> execute);
  // close()s.
  ~PoolOwner();
  PoolOwner(const PoolOwner&) = delete;
  PoolOwner& operator=(const PoolOwner&) = delete;

  // Starts the pool and the owner's thread.
  void begin();
  // Joins the thread. post() stays safe; time stands still from here on.
  void close();
  void post(PoolEvent event);
  PoolStats stats() const;
  // True once the pool is empty and nothing is left to take up, false when `deadline` came first.
  bool wait_until_empty(base::Instant deadline);

 private:
  using Lock = std::unique_lock<std::mutex>;

  void take_turn(Lock& lock);
  void take_up(PoolEvent& event);
  void settle();  // with mutex_ held
  void keep_time(const std::stop_token& stop);

  const base::Clock& clock_;
  const std::function<void(Command&)> execute_;
  ContainerPool pool_;  // used by whoever has the turn

  mutable std::mutex mutex_;  // guards everything below
  std::condition_variable_any wake_;
  std::condition_variable emptied_;
  std::deque<PoolEvent> events_;
  bool taken_ = false;        // somebody has the turn
  bool handed_over_ = false;  // the turn waits for the owner's thread
  std::optional<base::Instant> due_;
  base::Instant waking_at_ = base::Instant::max();  // when the thread looks next
  PoolStats stats_;
  bool empty_ = true;

  std::jthread thread_;
};

}  // namespace invoker
