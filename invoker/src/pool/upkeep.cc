// What the pool does because time went by, or because it is told to stop or to forget.
#include <algorithm>
#include <utility>

#include "state.h"

namespace invoker {

namespace {

// Of how many keys the pool remembers how often they are called: some megabytes.
constexpr std::size_t kKnownKeysMax = 8'192;

}  // namespace

ContainerPool::State::State(PoolConfig config)
    : config_(std::move(config)),
      ledger_(config_.memory_bytes),
      book_(config_),
      stem_cells_(config_.stem_cells),
      line_(config_.second_container_patience),
      rhythm_(kKnownKeysMax) {}

void ContainerPool::State::begin(base::Instant now) {
  now_ = now;
  begun_ = true;
  settle();
}

void ContainerPool::State::tick(base::Instant now) {
  now_ = now;
  while (PooledContainer* container = book_.due(now_)) {
    if (container->phase == Phase::kPaused) {
      remove(*container);
    } else {
      container->phase = Phase::kPausing;
      commands_.emplace_back(command::Pause{container->id});
      book_.refresh(*container);
    }
  }
  settle();
}

std::optional<base::Instant> ContainerPool::State::next_deadline() const {
  std::optional<base::Instant> first = book_.next_due();
  const auto consider = [&first](base::Instant at) { first = first ? std::min(*first, at) : at; };
  // An overdue head, like a retry that is due, waits for an event and no longer for the time.
  if (const PooledJob* head = line_.head(); head != nullptr && !is_overdue(*head)) {
    consider(head->submitted + config_.head_patience);
  }
  if (const auto end = line_.next_modesty_end()) consider(*end);
  if (line_.has_modest()) {
    if (const auto stale = book_.next_stale()) consider(*stale);
  }
  if (draining_) return first;
  if (const auto retry = stem_cells_.next_retry(now_)) consider(*retry);
  return first;
}

void ContainerPool::State::drain(base::Instant now) {
  now_ = now;
  draining_ = true;
  for (const ContainersInOrder* idle : {&book_.idle_warm(), &book_.idle_stem_cells()}) {
    while (!idle->empty()) remove(*idle->begin()->second);
  }
  settle();
}

void ContainerPool::State::forget(const std::string& warm_key, base::Instant now) {
  now_ = now;
  const auto found = keys_.find(warm_key);
  if (found == keys_.end()) return;
  std::vector<PooledContainer*> idle;
  for (const auto& [id, container] : book_.all()) {
    if (container->key != &found->second) continue;
    container->forgotten = true;
    if (container->is_idle()) idle.push_back(container.get());
  }
  for (PooledContainer* container : idle) remove(*container);
  settle();
}

PoolStats ContainerPool::State::stats() const {
  PoolStats stats;
  stats.memory_used_bytes = ledger_.used();
  stats.warm = book_.count(Tally::kWarm);
  stats.busy = book_.count(Tally::kBusy);
  stats.paused = book_.count(Tally::kPaused);
  stats.stem_cells = book_.count(Tally::kStemCells);
  stats.starting = book_.count(Tally::kStarting);
  stats.removing = book_.count(Tally::kRemoving);
  stats.waiting = line_.size();
  stats.guests = guests_;
  stats.cold_starts = cold_starts_;
  stats.stem_starts = stem_starts_;
  stats.warm_starts = warm_starts_;
  stats.evictions = evictions_;
  return stats;
}

}  // namespace invoker
