#include "engine/pool_thread.h"

#include <utility>

namespace invoker {

PoolThread::PoolThread(PoolConfig config, const base::Clock& clock,
                       std::function<void(Command&)> execute)
    : clock_(clock), execute_(std::move(execute)), pool_(std::move(config)) {}

PoolThread::~PoolThread() { close(); }

void PoolThread::begin() {
  thread_ = std::jthread([this](const std::stop_token& stop) { work(stop); });
}

void PoolThread::close() { thread_ = std::jthread(); }

void PoolThread::post(PoolEvent event) {
  {
    const std::lock_guard lock(mutex_);
    events_.push_back(std::move(event));
  }
  wake_.notify_one();
}

PoolStats PoolThread::stats() const {
  const std::lock_guard lock(mutex_);
  return stats_;
}

bool PoolThread::wait_until_empty(base::Instant deadline) {
  std::unique_lock lock(mutex_);
  return emptied_.wait_for(lock, deadline - clock_.now(), [this] { return empty_; });
}

void PoolThread::work(const std::stop_token& stop) {
  PoolEvent begin = [](ContainerPool& pool, base::Instant now) { return pool.begin(now); };
  take_up(begin);
  publish();
  while (!stop.stop_requested()) {
    for (auto events = wait_for_events(stop); !events.empty(); events.pop_front()) {
      take_up(events.front());
    }
    const auto due = pool_.next_deadline();
    if (due && *due <= clock_.now()) {
      PoolEvent tick = [](ContainerPool& pool, base::Instant now) { return pool.tick(now); };
      take_up(tick);
    }
    publish();
  }
}

std::deque<PoolEvent> PoolThread::wait_for_events(const std::stop_token& stop) {
  const auto due = pool_.next_deadline();
  std::unique_lock lock(mutex_);
  const auto has_events = [this] { return !events_.empty(); };
  if (due) {
    wake_.wait_for(lock, stop, *due - clock_.now(), has_events);
  } else {
    wake_.wait(lock, stop, has_events);
  }
  return std::exchange(events_, {});
}

void PoolThread::take_up(PoolEvent& event) {
  for (Command& command : event(pool_, clock_.now())) execute_(command);
}

void PoolThread::publish() {
  const auto stats = pool_.stats();
  const std::lock_guard lock(mutex_);
  stats_ = stats;
  empty_ = pool_.empty() && events_.empty();
  if (empty_) emptied_.notify_all();
}

}  // namespace invoker
