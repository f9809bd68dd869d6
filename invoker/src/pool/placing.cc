// How a job gets its place.
#include <algorithm>
#include <utility>

#include "base/check.h"
#include "state.h"

namespace invoker {

PooledJob& ContainerPool::State::admit(const JobDemand& demand) {
  CHECK(demand.memory_bytes > 0);
  const auto [at, is_new] = jobs_.try_emplace(demand.id);
  CHECK(is_new);
  PooledJob& job = at->second;
  job.id = demand.id;
  job.kind = demand.kind;
  job.memory_bytes = demand.memory_bytes;
  job.concurrency_max = std::max(1, demand.concurrency_max);
  job.guest = demand.guest;
  if (job.guest) ++guests_;
  job.key = &hold_key(demand.warm_key);
  job.key->interval = rhythm_.note(demand.warm_key, now_);
  if (demand.may_use_stem_cell) job.stem = stem_cells_.find(demand.kind, demand.memory_bytes);
  job.submitted = now_;
  job.order = line_.next_order();
  return job;
}

void ContainerPool::State::end_job(PooledJob& job) {
  if (job.guest) --guests_;
  release_key(*job.key);
  jobs_.erase(job.id);
}

void ContainerPool::State::refuse(JobId id, RefuseReason reason) {
  commands_.emplace_back(command::Refuse{id, reason});
}

WarmKey& ContainerPool::State::hold_key(const std::string& name) {
  const auto [at, is_new] = keys_.try_emplace(name);
  if (is_new) at->second.name = name;
  ++at->second.references;
  return at->second;
}

void ContainerPool::State::release_key(WarmKey& key) {
  if (--key.references == 0) keys_.erase(keys_.find(key.name));
}

// Takes the job out of the line, and back what had been promised to it there.
void ContainerPool::State::unqueue(PooledJob& job) {
  if (job.place == JobPlace::kGranted) ledger_.revoke(job.memory_bytes);
  if (claimant_ == &job) claimant_ = nullptr;
  line_.remove(job);
}

bool ContainerPool::State::place(PooledJob& job) {
  if (PooledContainer* container = ContainerBook::best_of(*job.key)) {
    assign(*container, job);
    return true;
  }
  if (job.stem != nullptr && !job.stem->ready.empty()) {
    take_stem_cell(*job.stem->ready.begin()->second, job);
    return true;
  }
  return false;
}

// Jobs that lost their container before they ran, oldest first. They have waited long enough: they
// go elsewhere at once, or to the front of the line.
void ContainerPool::State::place_again(const std::vector<PooledJob*>& jobs) {
  std::vector<PooledJob*> left;
  for (PooledJob* job : jobs) {
    if (!place(*job)) left.push_back(job);
  }
  for (auto job = left.rbegin(); job != left.rend(); ++job) line_.push_front(**job);
}

void ContainerPool::State::assign(PooledContainer& container, PooledJob& job) {
  CHECK(container.has_room());
  if (container.phase == Phase::kReady) {
    run(container, job);
  } else {
    job.place = JobPlace::kPending;
    job.container = &container;
    container.pending.push_back(&job);
    job.key->joined.emplace(job.order, &job);
    if (container.phase == Phase::kPaused) {
      container.phase = Phase::kResuming;
      commands_.emplace_back(command::Resume{container.id});
    }
  }
  book_.refresh(container);
}

void ContainerPool::State::take_stem_cell(PooledContainer& container, PooledJob& job) {
  container.phase = Phase::kInitialising;
  container.origin = StartKind::kStemCell;
  give_key(container, job);
  book_.refresh(container);
  container.stem = nullptr;
  ++stem_starts_;
  run(container, job);
  fill(container);
}

void ContainerPool::State::start_cold(PooledJob& job) {
  PooledContainer& container = book_.add(job.kind, job.memory_bytes);
  ledger_.take(job.memory_bytes);
  give_key(container, job);
  container.pending.push_back(&job);
  job.place = JobPlace::kPending;
  job.container = &container;
  ++cold_starts_;
  commands_.emplace_back(
      command::Start{container.id, container.kind, container.memory_bytes, job.id});
  fill(container);
}

void ContainerPool::State::give_key(PooledContainer& container, PooledJob& job) {
  container.key = job.key;
  container.concurrency_max = job.concurrency_max;
  ++job.key->references;
  ++job.key->live;
  ++job.key->forming;
  line_.reconsider(*job.key);
}

void ContainerPool::State::run(PooledContainer& container, PooledJob& job) {
  const bool initialize = container.phase == Phase::kInitialising;
  job.place = JobPlace::kRunning;
  job.container = &container;
  ++container.active;
  container.called_at = job.submitted;
  if (!initialize) ++warm_starts_;
  commands_.emplace_back(command::Run{
      container.id, job.id, initialize ? container.origin : StartKind::kWarm, initialize,
      initialize ? container.origin == StartKind::kStemCell : !container.proven});
}

// The container is ready for all who waited for it.
void ContainerPool::State::run_pending(PooledContainer& container) {
  for (PooledJob* job : std::exchange(container.pending, {})) {
    container.key->joined.erase(job->order);
    run(container, *job);
  }
}

// Whom a place in `container` goes to: the oldest of its key in the line, else one that is bound to
// a container that is not ready while this one is.
PooledJob* ContainerPool::State::next_for(PooledContainer& container) {
  WarmKey& key = *container.key;
  if (!key.waiting.empty()) {
    PooledJob* job = key.waiting.begin()->second;
    unqueue(*job);
    return job;
  }
  if (container.phase != Phase::kReady || key.joined.empty()) return nullptr;
  PooledJob* job = key.joined.begin()->second;
  key.joined.erase(key.joined.begin());
  std::erase(job->container->pending, job);
  book_.refresh(*job->container);
  return job;
}

// Takes all jobs that have not begun from the container.
std::vector<PooledJob*> ContainerPool::State::strip(PooledContainer& container) {
  std::vector<PooledJob*> jobs = std::exchange(container.pending, {});
  for (PooledJob* job : jobs) job->key->joined.erase(job->order);
  return jobs;
}

}  // namespace invoker
