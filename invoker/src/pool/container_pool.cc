#include "invoker/container_pool.h"

#include <utility>

#include "state.h"

namespace invoker {

ContainerPool::ContainerPool(PoolConfig config)
    : state_(std::make_unique<State>(std::move(config))) {}
ContainerPool::~ContainerPool() = default;

Commands ContainerPool::begin(base::Instant now) {
  state_->begin(now);
  return state_->take_commands();
}

Commands ContainerPool::submit(const JobDemand& job, base::Instant now) {
  state_->submit(job, now);
  return state_->take_commands();
}

Commands ContainerPool::started(ContainerId container, base::Instant now) {
  state_->started(container, now);
  return state_->take_commands();
}

Commands ContainerPool::start_failed(ContainerId container, base::Instant now) {
  state_->start_failed(container, now);
  return state_->take_commands();
}

Commands ContainerPool::initialized(ContainerId container, base::Instant now) {
  state_->initialized(container, now);
  return state_->take_commands();
}

Commands ContainerPool::job_ended(ContainerId container, JobId job, JobEnd end, base::Instant now) {
  state_->job_ended(container, job, end, now);
  return state_->take_commands();
}

Commands ContainerPool::paused(ContainerId container, bool succeeded, base::Instant now) {
  state_->paused(container, succeeded, now);
  return state_->take_commands();
}

Commands ContainerPool::resumed(ContainerId container, bool succeeded, base::Instant now) {
  state_->resumed(container, succeeded, now);
  return state_->take_commands();
}

Commands ContainerPool::ended(ContainerId container, base::Instant now) {
  state_->ended(container, now);
  return state_->take_commands();
}

Commands ContainerPool::removed(ContainerId container, base::Instant now) {
  state_->removed(container, now);
  return state_->take_commands();
}

Commands ContainerPool::tick(base::Instant now) {
  state_->tick(now);
  return state_->take_commands();
}

std::optional<base::Instant> ContainerPool::next_deadline() const {
  return state_->next_deadline();
}

Commands ContainerPool::drain(base::Instant now) {
  state_->drain(now);
  return state_->take_commands();
}

Commands ContainerPool::forget(const std::string& warm_key, base::Instant now) {
  state_->forget(warm_key, now);
  return state_->take_commands();
}

bool ContainerPool::empty() const { return state_->empty(); }

PoolStats ContainerPool::stats() const { return state_->stats(); }

}  // namespace invoker
