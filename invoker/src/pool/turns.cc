// What happens to a container between its jobs, and at its end.
#include <algorithm>

#include "base/check.h"
#include "state.h"

namespace invoker {

// A ready container has one job less: who is next?
void ContainerPool::State::offer(PooledContainer& container) {
  if (container.closed && container.active > 0) return;
  if (container.closed || head_takes(container)) {
    if (container.active > 0) return close(container);
    ++evictions_;
    return remove(container);
  }
  fill(container);
  if (container.is_idle() && (draining_ || container.forgotten)) remove(container);
}

void ContainerPool::State::fill(PooledContainer& container) {
  while (container.has_room()) {
    PooledJob* job = next_for(container);
    if (job == nullptr) break;
    assign(container, *job);
  }
  book_.refresh(container);
}

void ContainerPool::State::become_ready(PooledContainer& container) {
  container.phase = Phase::kReady;
  --container.key->forming;
  container.key->ready_at = now_;
  line_.reconsider(*container.key);
  container.warm_since = now_;
  container.proven = container.active > 0;
  run_pending(container);
}

// The container must not serve anybody new.
void ContainerPool::State::doom(PooledContainer& container) {
  const std::vector<PooledJob*> stranded = strip(container);
  if (container.active == 0) {
    remove(container);
  } else {
    leave_key(container);
    container.phase = Phase::kDoomed;
    book_.refresh(container);
  }
  place_again(stranded);
}

// It does not count among those that serve its key any more.
void ContainerPool::State::leave_key(PooledContainer& container) {
  if (container.closed) reopen(container);
  if (container.key == nullptr || container.phase == Phase::kDoomed) return;
  --container.key->live;
  if (container.is_forming()) --container.key->forming;
  line_.reconsider(*container.key);
}

void ContainerPool::State::remove(PooledContainer& container) {
  CHECK(container.active == 0 && container.pending.empty());
  leave_key(container);
  container.phase = Phase::kRemoving;
  book_.refresh(container);
  container.stem = nullptr;
  if (container.key != nullptr) release_key(*std::exchange(container.key, nullptr));
  ledger_.begin_removal(container.memory_bytes);
  commands_.emplace_back(command::Remove{container.id});
}

}  // namespace invoker
