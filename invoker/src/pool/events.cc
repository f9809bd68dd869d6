// What the pool is told about jobs and containers.
#include <utility>

#include "base/check.h"
#include "state.h"

namespace invoker {

void ContainerPool::State::submit(const JobDemand& demand, base::Instant now) {
  now_ = now;
  if (draining_) return refuse(demand.id, RefuseReason::kShuttingDown);
  if (demand.memory_bytes > ledger_.capacity()) {
    return refuse(demand.id, RefuseReason::kLargerThanPool);
  }
  if (demand.guest) {
    // What is this invoker's own comes first.
    if (line_.size() > 0) return refuse(demand.id, RefuseReason::kNoRoomForGuest);
    book_.age(now_);
  }
  PooledJob& job = admit(demand);
  if (!place(job)) {
    if (job.guest && job.memory_bytes > ledger_.uncommitted() + book_.stale_bytes()) {
      refuse(job.id, RefuseReason::kNoRoomForGuest);
      return end_job(job);
    }
    line_.push_back(job);
  }
  settle();
  // One that only waits for an eviction that it caused is as good as placed.
  if (job.place == JobPlace::kWaiting && line_.size() > config_.buffer_max) {
    refuse(job.id, RefuseReason::kBufferFull);
    unqueue(job);
    end_job(job);
  }
}

void ContainerPool::State::started(ContainerId id, base::Instant now) {
  now_ = now;
  PooledContainer& container = book_.get(id);
  CHECK(container.phase == Phase::kStarting);
  if (container.stem != nullptr) {
    StemCells::start_ended(*container.stem, true, now_);
    container.phase = Phase::kStem;
    book_.touch(container, now_);
    JobsInOrder& waiting = container.stem->waiting;
    if (draining_ || container.forgotten) {
      remove(container);
    } else if (!waiting.empty()) {
      PooledJob& job = *waiting.begin()->second;
      unqueue(job);
      take_stem_cell(container, job);
    } else {
      book_.refresh(container);
    }
  } else {
    PooledJob& owner = *container.pending.front();
    container.pending.erase(container.pending.begin());
    container.phase = Phase::kInitialising;
    run(container, owner);
    book_.refresh(container);
  }
  settle();
}

void ContainerPool::State::start_failed(ContainerId id, base::Instant now) {
  now_ = now;
  PooledContainer& container = book_.get(id);
  CHECK(container.phase == Phase::kStarting);
  std::vector<PooledJob*> stranded;
  if (container.stem != nullptr) {
    StemCells::start_ended(*container.stem, false, now_);
  } else {
    stranded = strip(container);
    end_job(*stranded.front());
    stranded.erase(stranded.begin());
    leave_key(container);
  }
  container.phase = Phase::kRemoving;
  book_.refresh(container);
  if (container.key != nullptr) release_key(*std::exchange(container.key, nullptr));
  ledger_.give_back(container.memory_bytes);
  book_.erase(container);
  place_again(stranded);
  settle();
}

void ContainerPool::State::initialized(ContainerId id, base::Instant now) {
  now_ = now;
  PooledContainer& container = book_.get(id);
  if (container.phase != Phase::kInitialising) return;
  become_ready(container);
  offer(container);
  settle();
}

void ContainerPool::State::job_ended(ContainerId id, JobId job_id, JobEnd end, base::Instant now) {
  now_ = now;
  PooledContainer& container = book_.get(id);
  const auto found = jobs_.find(job_id);
  CHECK(found != jobs_.end());
  PooledJob& job = found->second;
  CHECK(job.place == JobPlace::kRunning && job.container == &container);
  --container.active;
  container.proven = end == JobEnd::kKeep && container.active > 0;
  book_.touch(container, now_);
  if (container.active == 0) container.resting_since = now_;
  if (end == JobEnd::kKeep && container.phase == Phase::kInitialising) become_ready(container);
  if (end == JobEnd::kReschedule) {
    job.place = JobPlace::kNowhere;
  } else {
    end_job(job);
  }
  if (container.phase == Phase::kDoomed || end != JobEnd::kKeep) {
    doom(container);
  } else {
    offer(container);
  }
  if (end == JobEnd::kReschedule) place_again({&job});
  settle();
}

void ContainerPool::State::paused(ContainerId id, bool succeeded, base::Instant now) {
  now_ = now;
  PooledContainer& container = book_.get(id);
  CHECK(container.phase == Phase::kPausing);
  if (!succeeded) {
    doom(container);
  } else if (!container.pending.empty()) {
    container.phase = Phase::kResuming;
    commands_.emplace_back(command::Resume{id});
    book_.refresh(container);
  } else if (draining_ || container.forgotten) {
    remove(container);
  } else {
    container.phase = Phase::kPaused;
    container.resting_since = now_;
    book_.refresh(container);
  }
  settle();
}

void ContainerPool::State::resumed(ContainerId id, bool succeeded, base::Instant now) {
  now_ = now;
  PooledContainer& container = book_.get(id);
  CHECK(container.phase == Phase::kResuming);
  if (!succeeded) {
    doom(container);
  } else {
    container.phase = Phase::kReady;
    container.resting_since = now_;
    run_pending(container);
    offer(container);
  }
  settle();
}

// Whoever runs in it sees its connection break. One that is being paused or resumed goes when that
// is answered.
void ContainerPool::State::ended(ContainerId id, base::Instant now) {
  now_ = now;
  PooledContainer* container = book_.find(id);
  if (container == nullptr) return;
  container->forgotten = true;
  if (container->is_idle()) remove(*container);
  settle();
}

void ContainerPool::State::removed(ContainerId id, base::Instant now) {
  now_ = now;
  PooledContainer& container = book_.get(id);
  CHECK(container.phase == Phase::kRemoving);
  ledger_.end_removal(container.memory_bytes);
  book_.erase(container);
  settle();
}

}  // namespace invoker
