#include "engine/engine.h"

#include <utility>

namespace invoker {

namespace {

// How long stop() waits for containers that were told to go, after its own deadline.
constexpr std::chrono::seconds kRemovalPatience{5};
// How long it waits for what was told to give up: fetches end within a second.
constexpr std::chrono::seconds kCancelPatience{2};
// Actions that are fetched at once.
constexpr std::size_t kFetchThreadsMax = 64;
// Containers that are killed at once, where their engine has to be asked for that.
constexpr std::size_t kKillThreadsMax = 16;

}  // namespace

Invoker::Engine::Engine(InvokerConfig config, const Outside& outside)
    : config_(std::move(config)),
      outside_(outside),
      pool_(config_.pool, outside.clock, [this](Command& command) { execute(command); }),
      ends_([this](ContainerId id) {
        pool_.post([id](ContainerPool& pool, base::Instant now) { return pool.ended(id, now); });
      }),
      executor_(config_.threads_max),
      fetchers_(kFetchThreadsMax),
      killers_(kKillThreadsMax) {
  pool_.begin();
}

Invoker::Engine::~Engine() {
  if (!stopping_) stop(outside_.clock.now());
  pool_.close();
}

void Invoker::Engine::forget(const std::string& action_id) {
  const auto owner = action_id.substr(0, action_id.find('/'));
  pool_.post([this, caller = caller_key(owner, action_id)](ContainerPool& pool, base::Instant now) {
    const auto at = latest_keys_.find(caller);
    if (at == latest_keys_.end()) return Commands{};
    const std::string key = std::move(at->second);
    latest_keys_.erase(at);
    return pool.forget(key, now);
  });
}

InvokerStats Invoker::Engine::stats() const {
  InvokerStats stats{.pool = pool_.stats(), .accepted = accepted_, .completed = completed_};
  for (int code = 0; code < 4; ++code) stats.by_status[code] = by_status_[code];
  return stats;
}

// What was accepted reaches the pool before it is told to take no more. False: not all of it.
bool Invoker::Engine::wait_for_fetches(base::Instant deadline) {
  std::unique_lock lock(fetches_mutex_);
  return fetches_done_.wait_until(lock, deadline, [this] { return fetches_ == 0; });
}

void Invoker::Engine::stop(base::Instant deadline) {
  {
    const std::lock_guard lock(gate_);
    stopping_ = true;
  }
  if (!wait_for_fetches(deadline)) {
    outside_.log.warn("Invoker", "actions are still being fetched at the deadline: giving them up");
    outside_.actions.cancel();
    wait_for_fetches(outside_.clock.now() + kCancelPatience);
  }
  pool_.post([](ContainerPool& pool, base::Instant now) { return pool.drain(now); });
  if (!pool_.wait_until_empty(deadline)) abort();
}

void Invoker::Engine::abort() {
  aborting_ = true;
  outside_.log.warn("Invoker", "activations are still running at the deadline: ending them");
  outside_.containers.cancel_creations();
  pool_.post([this](ContainerPool&, base::Instant) {
    for (const auto& [id, slot] : slots_) {
      if (slot->started) kill(slot);
    }
    return Commands{};
  });
  if (!pool_.wait_until_empty(outside_.clock.now() + kRemovalPatience)) {
    outside_.log.error("Invoker", "some containers could not be removed in time");
  }
}

}  // namespace invoker
