// Who gets the memory.
//
// A job that needs a new container is granted memory: what is free, what removals under way will
// bring, and what the eviction of idle containers brings. Granted jobs start in the order of their
// grants when the memory is really there. A job is granted memory as soon as idle containers
// suffice that its key may evict, whatever its place in the line; the head of the line, once
// overdue, is granted memory that is not there yet (a deficit), and until it is collected nobody
// else is granted any.
#include <algorithm>
#include <optional>

#include "base/check.h"
#include "state.h"

namespace invoker {

namespace {

// How often the patience of a head a container may serve its key before it must be shared.
constexpr int kLongTenure = 8;

}  // namespace

void ContainerPool::State::settle() {
  line_.advance(now_);
  book_.age(now_);
  while (start_granted() || grant_next() || reopen_one()) {
  }
  CHECK(ledger_.deficit() == 0 || claimant_ != nullptr);
  refill_stem_cells();
}

bool ContainerPool::State::start_granted() {
  // While memory is being collected for one, the free part of it is others' by an older promise.
  const base::Instant strict_before =
      ledger_.deficit() > 0 ? base::Instant::max() : now_ - config_.head_patience;
  PooledJob* job = line_.granted_fitting(ledger_.free(), strict_before);
  if (job == nullptr) return false;
  unqueue(*job);
  start_cold(*job);
  return true;
}

bool ContainerPool::State::grant_next() {
  collect(Victims::kAnyIdle);
  if (ledger_.deficit() > 0) return false;
  PooledJob* job = line_.head();
  if (job == nullptr) return false;
  Victims from = Victims::kAnyIdle;
  if (!is_overdue(*job)) {
    job = line_.oldest_fitting({.any = ledger_.uncommitted() + book_.idle_bytes(),
                                .modest = ledger_.uncommitted() + book_.stale_bytes()});
    if (job == nullptr) return false;
    if (job->key->modest) from = Victims::kOnlyStale;
  }
  if (job->guest) from = Victims::kOnlyStale;
  line_.grant(*job);
  ledger_.grant(job->memory_bytes);
  claimant_ = job;
  collect(from);
  return true;
}

// Evicts exactly what is missing, as far as it is idle.
void ContainerPool::State::collect(Victims from) {
  if (const std::int64_t missing = ledger_.deficit(); missing > 0) {
    for (PooledContainer* victim : choose_victims(book_, from, missing, now_)) {
      ++evictions_;
      remove(*victim);
    }
  }
  if (ledger_.deficit() == 0) claimant_ = nullptr;
}

bool ContainerPool::State::is_overdue(const PooledJob& job) const {
  return now_ - job.submitted >= config_.head_patience;
}

// The overdue head gets a container that others still want only if nobody of its key who has memory
// coming would run there, and if the container has served its key for a while: else two keys would
// take it from each other after every job. A key that has no more containers than the head's own
// may keep them longer, since the head's will serve the head.
bool ContainerPool::State::head_takes(const PooledContainer& container) const {
  if (claimant_ == nullptr || ledger_.deficit() <= closed_bytes_) return false;
  const WarmKey& key = *container.key;
  if (container.active == 0 && key.waiting.empty()) return false;  // idle: collect() sees it
  if (!key.waiting.empty() && key.waiting.begin()->second->place == JobPlace::kGranted) {
    return false;
  }
  const auto tenure = now_ - container.warm_since;
  if (tenure < config_.head_patience) return false;
  return key.live > claimant_->key->live || tenure >= kLongTenure * config_.head_patience;
}

void ContainerPool::State::close(PooledContainer& container) {
  container.closed = true;
  closed_.push_back(&container);
  closed_bytes_ += container.memory_bytes;
  book_.refresh(container);
}

void ContainerPool::State::reopen(PooledContainer& container) {
  container.closed = false;
  std::erase(closed_, &container);
  closed_bytes_ -= container.memory_bytes;
}

bool ContainerPool::State::reopen_one() {
  if (closed_.empty() || ledger_.deficit() > 0) return false;
  PooledContainer& container = *closed_.back();
  reopen(container);
  fill(container);
  return true;
}

void ContainerPool::State::refill_stem_cells() {
  if (!begun_ || draining_ || line_.size() > 0) return;
  for (StemClass& stem : stem_cells_.all()) {
    while (StemCells::wants_one(stem, now_) && stem.memory_bytes <= ledger_.spare()) {
      start_stem_cell(stem);
    }
  }
}

void ContainerPool::State::start_stem_cell(StemClass& stem) {
  PooledContainer& container = book_.add(stem.kind, stem.memory_bytes);
  ledger_.take(stem.memory_bytes);
  container.stem = &stem;
  ++stem.starting;
  book_.refresh(container);
  commands_.emplace_back(
      command::Start{container.id, container.kind, container.memory_bytes, std::nullopt});
}

}  // namespace invoker
