// Who waits, and whether he must.
#include <algorithm>

#include "pool_watch.h"

namespace pool_testing {

bool PoolWatch::is_recent(const WatchedContainer& container, base::Instant now) const {
  return now - container.last_used < config_.recent_use;
}

// Not always the first: those who lost their container go to the front as old as they are.
bool PoolWatch::anyone_overdue(base::Instant now) const {
  return std::any_of(waiting_.begin(), waiting_.end(), [&](const auto& it) {
    return now - jobs_.at(it.second).submitted >= config_.head_patience;
  });
}

// The keys whose jobs must not evict what was used recently, as far as is known without the pool's
// promises: while a promise is kept for a key, something is being removed.
std::set<std::string> PoolWatch::modest_keys(base::Instant now) const {
  std::set<std::string> modest;
  if (config_.second_container_patience.count() == 0) return modest;
  std::map<std::string, base::Instant> first_submitted;
  for (const auto& [place, id] : waiting_) {
    const WatchedJob& job = jobs_.at(id);
    first_submitted.emplace(job.demand.warm_key, job.submitted);
  }
  for (const auto& [id, container] : containers_) {
    const auto first = first_submitted.find(container.serves);
    if (first == first_submitted.end() || container.doomed) continue;
    const auto ready = ready_at_.find(container.serves);
    const base::Instant since =
        ready == ready_at_.end() ? first->second : std::max(first->second, ready->second);
    if (!container.initialized || now - since < config_.second_container_patience) {
      modest.insert(container.serves);
    }
  }
  return modest;
}

// Nobody waits who could have a place.
void PoolWatch::check_waiting(base::Instant now) {
  std::int64_t idle_bytes = 0;
  std::int64_t stale_bytes = 0;
  bool removing = false;
  std::set<std::string> open_keys;
  std::set<std::string> moving_keys;  // a job may be bound to one on its way
  std::set<std::pair<std::string, std::int64_t>> open_stems;
  for (const auto& [id, container] : containers_) {
    removing |= container.removing;
    if (container.unanswered) moving_keys.insert(container.key);
    if (!container.is_idle()) continue;
    idle_bytes += container.memory_bytes;
    if (container.key.empty() || !is_recent(container, now)) stale_bytes += container.memory_bytes;
    if (container.key.empty()) {
      open_stems.emplace(container.kind, container.memory_bytes);
    } else if (!container.paused) {  // beside a paused one, another may be on its way back
      open_keys.insert(container.key);
    }
  }
  const bool overdue = anyone_overdue(now);
  const std::set<std::string> modest = modest_keys(now);
  const std::int64_t free = config_.memory_bytes - used_bytes_;
  for (const auto& [place, id] : waiting_) {
    const WatchedJob& job = jobs_.at(id);
    require(!open_keys.contains(job.demand.warm_key), "nobody waits beside his idle container");
    if (job.demand.concurrency_max > 1 || moving_keys.contains(job.demand.warm_key)) continue;
    require(!job.demand.may_use_stem_cell ||
                !open_stems.contains({job.demand.kind, job.demand.memory_bytes}),
            "nobody waits beside his stem cell");
    const bool is_modest = modest.contains(job.demand.warm_key);
    require(removing || overdue ||
                job.demand.memory_bytes > free + (is_modest ? stale_bytes : idle_bytes),
            "nobody waits for memory that is there");
  }
}

void PoolWatch::check_eviction(const WatchedContainer& victim, base::Instant now) {
  const bool expired = victim.paused && now - victim.idle_since >= config_.idle_container;
  const bool of_use = !victim.key.empty() && !victim.doomed && !victim.forgotten && !expired;
  if (draining_ || !of_use || !is_recent(victim, now) || anyone_overdue(now)) return;
  const std::set<std::string> modest = modest_keys(now);
  require(std::any_of(waiting_.begin(), waiting_.end(),
                      [&](const auto& it) {
                        return !modest.contains(jobs_.at(it.second).demand.warm_key);
                      }),
          "what was used recently is evicted only for one who may");
}

void PoolWatch::check_head(base::Instant now) {
  if (head_ && jobs_.contains(*head_)) {
    WatchedJob& job = jobs_.at(*head_);
    job.as_head += now - head_seen_;
    longest_as_head_ = std::max(longest_as_head_, job.as_head);
    require(job.as_head <= longest_head_wait_, "the head of the line is not starved");
  }
  head_seen_ = now;
  head_ = waiting_.empty() ? std::nullopt : std::optional(waiting_.begin()->second);
}

}  // namespace pool_testing
