#include "pool_watch.h"

#include <algorithm>
#include <utility>

#include "pool_script.h"

namespace pool_testing {

using invoker::ContainerId;
using invoker::JobEnd;
using invoker::JobId;

void PoolWatch::require(bool condition, const std::string& what) {
  if (!condition && error_.empty()) error_ = what;
}

WatchedContainer* PoolWatch::find(ContainerId id) {
  const auto found = containers_.find(id);
  require(found != containers_.end(), "the container exists");
  return found == containers_.end() ? nullptr : &found->second;
}

bool PoolWatch::is_running(ContainerId id, JobId job) const {
  const auto found = containers_.find(id);
  return found != containers_.end() && found->second.active.contains(job);
}

void PoolWatch::submitted(const invoker::JobDemand& demand, base::Instant now) {
  jobs_[demand.id] = {.demand = demand, .submitted = now};
  place_[demand.id] = ++last_place_;
  waiting_[last_place_] = demand.id;
}

void PoolWatch::end_job(JobId id) {
  require(jobs_.erase(id) == 1, "a job ends once");
  ++jobs_ended_;
}

void PoolWatch::start_answered(ContainerId id, bool succeeded) {
  WatchedContainer& container = containers_.at(id);
  container.unanswered = false;
  container.up = true;
  if (succeeded) return;
  if (container.owner) end_job(*container.owner);
  used_bytes_ -= container.memory_bytes;
  containers_.erase(id);
}

void PoolWatch::initialized(ContainerId id, base::Instant now) {
  WatchedContainer& container = containers_.at(id);
  if (std::exchange(container.initialized, true)) return;
  ready_at_[container.key] = now;
}

void PoolWatch::forgot(const std::string& key) {
  for (auto& [id, container] : containers_) container.forgotten |= container.serves == key;
}

void PoolWatch::died(ContainerId id) {
  if (const auto at = containers_.find(id); at != containers_.end()) at->second.forgotten = true;
}

void PoolWatch::job_ended(ContainerId id, JobId job, JobEnd end, base::Instant now) {
  WatchedContainer& container = containers_.at(id);
  container.active.erase(job);
  container.idle_since = now;
  container.last_used = now;
  if (end == JobEnd::kKeep) initialized(id, now);
  if (end != JobEnd::kKeep) container.doomed = true;
  if (end != JobEnd::kReschedule) return end_job(job);
  ++jobs_.at(job).reschedules;
  place_[job] = --first_place_;
  waiting_[first_place_] = job;
}

void PoolWatch::rest_answered(ContainerId id, bool now_paused, bool succeeded, base::Instant now) {
  WatchedContainer& container = containers_.at(id);
  container.unanswered = false;
  container.idle_since = now;
  container.paused = now_paused;
  if (!succeeded) container.doomed = true;
}

void PoolWatch::removed(ContainerId id) {
  used_bytes_ -= containers_.at(id).memory_bytes;
  containers_.erase(id);
}

void PoolWatch::check(const invoker::Command& command, base::Instant now) {
  if (!error_.empty()) return;
  std::visit([this, now](const auto& it) { check_command(it, now); }, command);
  if (!error_.empty()) error_ = "broken: " + error_ + ", at: " + describe(command);
}

void PoolWatch::check_command(const invoker::command::Start& start, base::Instant /*now*/) {
  used_bytes_ += start.memory_bytes;
  require(used_bytes_ <= config_.memory_bytes, "memory is promised once");
  require(!containers_.contains(start.container), "a new container is new");
  WatchedContainer& container = containers_[start.container];
  container.kind = start.kind;
  container.memory_bytes = start.memory_bytes;
  container.owner = start.job;
  container.unanswered = true;
  if (!start.job) return require(!draining_, "no stem cell is started after drain");
  const auto place = place_.find(*start.job);
  require(place != place_.end(), "the job of a start waits");
  if (place == place_.end()) return;
  const invoker::JobDemand& demand = jobs_.at(*start.job).demand;
  container.serves = demand.warm_key;
  require(demand.memory_bytes == start.memory_bytes && demand.kind == start.kind,
          "a container is made to the measure of its job");
  waiting_.erase(place->second);
  place_.erase(place);
}

void PoolWatch::check_first_run(const invoker::command::Run& run,
                                const WatchedContainer& container) {
  const invoker::JobDemand& demand = jobs_.at(run.job).demand;
  require(run.initialize, "the first run carries init");
  require(run.may_reschedule == !container.owner, "a stem cell may have died while it was idle");
  require(!container.owner || container.owner == run.job, "the first run is the owner's");
  require(container.owner || demand.may_use_stem_cell, "stem cells are for those who may");
  require(container.memory_bytes == demand.memory_bytes && container.kind == demand.kind,
          "a stem cell has exactly the kind and memory");
  require(
      run.start == (container.owner ? invoker::StartKind::kCold : invoker::StartKind::kStemCell),
      "the kind of start is told");
}

void PoolWatch::check_command(const invoker::command::Run& run, base::Instant /*now*/) {
  WatchedContainer* container = find(run.container);
  require(jobs_.contains(run.job), "the job lives");
  if (container == nullptr || !error_.empty()) return;
  const invoker::JobDemand& demand = jobs_.at(run.job).demand;
  require(container->up && !container->unanswered, "the container is up");
  require(!container->paused && !container->doomed, "the container may run");
  if (container->key.empty()) {
    check_first_run(run, *container);
    container->key = container->serves = demand.warm_key;
    container->concurrency_max = std::max(1, demand.concurrency_max);
  } else {
    require(container->key == demand.warm_key, "the container is of the key");
    require(!run.initialize && container->initialized, "the container is initialised");
    require(run.start == invoker::StartKind::kWarm, "the start is warm");
  }
  require(container->active.insert(run.job).second, "a job runs once");
  require(static_cast<int>(container->active.size()) <= container->concurrency_max,
          "the concurrency is kept");
  if (const auto place = place_.find(run.job); place != place_.end()) {
    waiting_.erase(place->second);
    place_.erase(place);
  } else {
    require(container->owner == run.job && run.initialize, "only a waiting job is run");
  }
}

void PoolWatch::check_command(const invoker::command::Pause& pause, base::Instant now) {
  WatchedContainer* container = find(pause.container);
  if (container == nullptr) return;
  require(container->is_idle() && container->initialized && !container->paused,
          "only an idle container is paused");
  require(now - container->idle_since >= config_.pause_grace, "not before the grace");
  container->unanswered = true;
}

void PoolWatch::check_command(const invoker::command::Resume& resume, base::Instant /*now*/) {
  WatchedContainer* container = find(resume.container);
  if (container == nullptr) return;
  require(container->is_idle() && container->paused, "only a paused container is resumed");
  container->unanswered = true;
}

void PoolWatch::check_command(const invoker::command::Remove& remove, base::Instant now) {
  WatchedContainer* container = find(remove.container);
  if (container == nullptr) return;
  require(container->up && !container->unanswered && container->active.empty(),
          "only a container at rest is removed");
  check_eviction(*container, now);
  container->unanswered = true;
  container->removing = true;
  container->doomed = true;
}

void PoolWatch::check_command(const invoker::command::Refuse& refuse, base::Instant now) {
  const auto place = place_.find(refuse.job);
  require(place != place_.end(), "only a waiting job is refused");
  if (place == place_.end()) return;
  const WatchedJob& job = jobs_.at(refuse.job);
  const bool too_large = job.demand.memory_bytes > config_.memory_bytes;
  require(job.submitted == now && job.reschedules == 0, "a job is refused at once or never");
  switch (refuse.reason) {
    case invoker::RefuseReason::kLargerThanPool:
      require(too_large, "larger than the pool");
      break;
    case invoker::RefuseReason::kBufferFull:
      require(waiting_.size() > config_.buffer_max, "the buffer is full");
      break;
    case invoker::RefuseReason::kShuttingDown:
      require(draining_, "the pool stops");
      break;
    case invoker::RefuseReason::kNoRoomForGuest:
      require(job.demand.guest, "only guests are refused for want of room");
      require(waiting_.size() > 1 || used_bytes_ + job.demand.memory_bytes > config_.memory_bytes,
              "a guest gets what is free while nobody waits");
      break;
  }
  waiting_.erase(place->second);
  place_.erase(place);
  end_job(refuse.job);
}

void PoolWatch::check_pool(const invoker::ContainerPool& pool, base::Instant now) {
  if (!error_.empty()) return;
  check_waiting(now);
  check_head(now);
  const invoker::PoolStats stats = pool.stats();
  require(stats.memory_used_bytes == used_bytes_, "the pool's memory figure is true");
  require(
      stats.warm + stats.busy + stats.paused + stats.stem_cells + stats.starting + stats.removing ==
          containers_.size(),
      "the pool knows its containers");
  require(stats.waiting <= waiting_.size(), "the pool knows who waits");
  require(pool.empty() == (containers_.empty() && jobs_.empty()), "empty() is true");
}

void PoolWatch::check_end(const invoker::ContainerPool& pool) {
  require(jobs_.empty(), "every job ends");
  require(containers_.empty() && used_bytes_ == 0, "no container is forgotten");
  require(pool.empty() && !pool.next_deadline(), "the pool has nothing more to do");
}

}  // namespace pool_testing
