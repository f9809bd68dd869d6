#include "container_book.h"

#include "base/check.h"

namespace invoker {

namespace {

std::optional<Shelf> shelf_of(const PooledContainer& container) {
  if (!container.has_room()) return std::nullopt;
  switch (container.phase) {
    case Phase::kReady:
      return Shelf::kOpen;
    case Phase::kResuming:
      return Shelf::kResuming;
    case Phase::kPaused:
      return Shelf::kPaused;
    case Phase::kPausing:
      // One that somebody waits for will be resumed as soon as it is paused.
      return Shelf::kPausing;
    case Phase::kStarting:
    case Phase::kInitialising:
      return Shelf::kForming;
    default:
      return std::nullopt;
  }
}

Tally tally_of(const PooledContainer& container) {
  switch (container.phase) {
    case Phase::kStarting:
      return Tally::kStarting;
    case Phase::kStem:
      return Tally::kStemCells;
    case Phase::kReady:
      return container.active == 0 ? Tally::kWarm : Tally::kBusy;
    case Phase::kPausing:
    case Phase::kPaused:
    case Phase::kResuming:
      return Tally::kPaused;
    case Phase::kRemoving:
      return Tally::kRemoving;
    default:
      return Tally::kBusy;
  }
}

}  // namespace

PooledContainer& ContainerBook::add(std::string kind, std::int64_t memory_bytes) {
  const ContainerId id{++last_id_};
  auto made = std::make_unique<PooledContainer>();
  made->id = id;
  made->kind = std::move(kind);
  made->memory_bytes = memory_bytes;
  made->node.push_back(made.get());
  made->node_at = made->node.begin();
  PooledContainer& container = *made;
  containers_.emplace(id, std::move(made));
  return container;
}

PooledContainer& ContainerBook::get(ContainerId id) {
  const auto found = containers_.find(id);
  CHECK(found != containers_.end());
  return *found->second;
}

PooledContainer* ContainerBook::find(ContainerId id) {
  const auto found = containers_.find(id);
  return found == containers_.end() ? nullptr : found->second.get();
}

void ContainerBook::erase(PooledContainer& container) {
  container.phase = Phase::kRemoving;
  refresh(container);
  --tallies_[*container.tally];
  containers_.erase(container.id);
}

void ContainerBook::refresh(PooledContainer& container) {
  refresh_shelf(container);
  refresh_idle(container);
  refresh_timer(container);
  refresh_tally(container);
}

void ContainerBook::refresh_shelf(PooledContainer& container) {
  const std::optional<Shelf> shelf = shelf_of(container);
  ContainerList& from = container.shelf
                            ? container.key->shelves[static_cast<std::size_t>(*container.shelf)]
                            : container.node;
  ContainerList& to =
      shelf ? container.key->shelves[static_cast<std::size_t>(*shelf)] : container.node;
  to.splice(to.begin(), from, container.node_at);
  container.shelf = shelf;
}

void ContainerBook::refresh_idle(PooledContainer& container) {
  const bool idle = container.is_idle();
  if (idle == container.counted_idle) return;
  container.counted_idle = idle;
  idle_bytes_ += idle ? container.memory_bytes : -container.memory_bytes;
  if (container.stem == nullptr && !is_stale(container)) {
    recent_bytes_ += idle ? container.memory_bytes : -container.memory_bytes;
  }
  idle ? enter_idle(container) : leave_idle(container);
}

void ContainerBook::enter_idle(PooledContainer& container) {
  const std::uint64_t used_at = container.used_at;
  if (container.stem != nullptr) {
    idle_stem_cells_.emplace(used_at, &container);
    container.stem->ready.emplace(used_at, &container);
    return;
  }
  idle_warm_.emplace(used_at, &container);
  if (container.key->interval) {
    container.next_call = container.called_at + *container.key->interval;
    idle_by_next_call_.emplace(std::pair(*container.next_call, used_at), &container);
  } else {
    idle_called_once_.emplace(used_at, &container);
  }
}

void ContainerBook::leave_idle(PooledContainer& container) {
  const std::uint64_t used_at = container.used_at;
  if (container.stem != nullptr) {
    idle_stem_cells_.erase(used_at);
    container.stem->ready.erase(used_at);
    return;
  }
  idle_warm_.erase(used_at);
  if (container.next_call) {
    idle_by_next_call_.erase({*std::exchange(container.next_call, std::nullopt), used_at});
  } else {
    idle_called_once_.erase(used_at);
  }
}

void ContainerBook::age(base::Instant now) {
  for (auto at = idle_warm_.lower_bound(recent_from_);
       at != idle_warm_.end() && at->second->last_used + recent_use_ <= now; ++at) {
    recent_from_ = at->first + 1;
    recent_bytes_ -= at->second->memory_bytes;
  }
}

std::optional<base::Instant> ContainerBook::next_stale() const {
  const auto first = idle_warm_.lower_bound(recent_from_);
  if (first == idle_warm_.end()) return std::nullopt;
  return first->second->last_used + recent_use_;
}

std::optional<base::Instant> ContainerBook::rest_ends(const PooledContainer& container) const {
  if (!container.is_idle() || container.phase == Phase::kStem) return std::nullopt;
  return container.resting_since +
         (container.phase == Phase::kPaused ? idle_container_ : pause_grace_);
}

void ContainerBook::refresh_timer(PooledContainer& container) {
  const std::optional<base::Instant> timer = rest_ends(container);
  if (timer == container.timer) return;
  if (container.timer) timers_.erase({*container.timer, container.id});
  if (timer) timers_.emplace(*timer, container.id);
  container.timer = timer;
}

void ContainerBook::refresh_tally(PooledContainer& container) {
  if (container.tally) --tallies_[*container.tally];
  container.tally = static_cast<std::size_t>(tally_of(container));
  ++tallies_[*container.tally];
}

PooledContainer* ContainerBook::best_of(const WarmKey& key) {
  for (const ContainerList& shelf : key.shelves) {
    if (!shelf.empty()) return shelf.front();
  }
  return nullptr;
}

PooledContainer* ContainerBook::due(base::Instant now) {
  if (timers_.empty() || timers_.begin()->first > now) return nullptr;
  return &get(timers_.begin()->second);
}

std::optional<base::Instant> ContainerBook::next_due() const {
  if (timers_.empty()) return std::nullopt;
  return timers_.begin()->first;
}

}  // namespace invoker
