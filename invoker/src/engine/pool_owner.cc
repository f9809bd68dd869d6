#include "engine/pool_owner.h"

#include <utility>

namespace invoker {
namespace {

constexpr int kTurnMax = 64;  // events that one caller takes up in a row
// How long the owner's thread lets whoever has the turn finish, before it looks again.
constexpr std::chrono::milliseconds kTurnPatience{1};
constexpr std::chrono::hours kIdlePatience{1};  // how long it sleeps when nothing is due

Commands begin_pool(ContainerPool& pool, base::Instant now) { return pool.begin(now); }
Commands tick(ContainerPool& pool, base::Instant now) { return pool.tick(now); }

}  // namespace

PoolOwner::PoolOwner(PoolConfig config, const base::Clock& clock,
                     std::function<void(Command&)> execute)
    : clock_(clock), execute_(std::move(execute)), pool_(std::move(config)) {}

PoolOwner::~PoolOwner() { close(); }

void PoolOwner::begin() {
  thread_ = std::jthread([this](const std::stop_token& stop) { keep_time(stop); });
  post(begin_pool);
}

void PoolOwner::close() { thread_ = std::jthread(); }

void PoolOwner::post(PoolEvent event) {
  Lock lock(mutex_);
  events_.push_back(std::move(event));
  if (std::exchange(taken_, true)) return;
  take_turn(lock);
}

PoolStats PoolOwner::stats() const {
  const std::lock_guard lock(mutex_);
  return stats_;
}

bool PoolOwner::wait_until_empty(base::Instant deadline) {
  Lock lock(mutex_);
  // While somebody has the turn or events wait, `empty_` is of before them.
  return emptied_.wait_for(lock, deadline - clock_.now(),
                           [this] { return empty_ && !taken_ && events_.empty(); });
}

// With the turn taken; gives it back, or over to the owner's thread.
void PoolOwner::take_turn(Lock& lock) {
  for (int taken_up = 0; !events_.empty(); ++taken_up) {
    if (taken_up == kTurnMax) {
      handed_over_ = true;
      wake_.notify_one();
      return;
    }
    PoolEvent event = std::move(events_.front());
    events_.pop_front();
    lock.unlock();
    take_up(event);
    event = nullptr;  // what it holds is freed without the lock
    lock.lock();
  }
  taken_ = false;
  settle();
}

void PoolOwner::take_up(PoolEvent& event) {
  for (Command& command : event(pool_, clock_.now())) execute_(command);
}

void PoolOwner::settle() {
  stats_ = pool_.stats();
  empty_ = pool_.empty();
  if (empty_) emptied_.notify_all();
  due_ = pool_.next_deadline();
  // Most deadlines only move back: then the thread wakes once for nothing, instead of every time.
  if (due_ && *due_ < waking_at_) wake_.notify_one();
}

void PoolOwner::keep_time(const std::stop_token& stop) {
  Lock lock(mutex_);
  while (!stop.stop_requested()) {
    if (handed_over_) {
      handed_over_ = false;
      take_turn(lock);
      continue;
    }
    const auto now = clock_.now();
    const bool is_due = due_ && *due_ <= now;
    if (is_due && !taken_) {
      taken_ = true;
      events_.emplace_front(tick);
      take_turn(lock);
      continue;
    }
    // Somebody has the turn while something is due: looked at again soon. With a predicate that
    // holds already the wait would not let go of the mutex, and nobody could ever end his turn.
    waking_at_ = is_due ? now + kTurnPatience : due_.value_or(now + kIdlePatience);
    const base::Instant planned = waking_at_;
    wake_.wait_for(lock, stop, planned - now,
                   [&] { return handed_over_ || (!is_due && due_ && *due_ < planned); });
  }
}

}  // namespace invoker
