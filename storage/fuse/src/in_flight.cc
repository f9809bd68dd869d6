#include "in_flight.h"

#include <utility>

namespace storage_fuse {

InFlight::Link::Link(InFlight& list, std::uint64_t unique) : list_(list), unique_(unique) {
  Shard& shard = list_.shard_of(unique_);
  const std::lock_guard lock(shard.mutex);
  next_ = shard.first;
  if (next_ != nullptr) next_->previous_ = this;
  shard.first = this;
  list_.size_.fetch_add(1, std::memory_order_relaxed);
}

InFlight::Link::~Link() {
  Shard& shard = list_.shard_of(unique_);
  const std::lock_guard lock(shard.mutex);
  (previous_ != nullptr ? previous_->next_ : shard.first) = next_;
  if (next_ != nullptr) next_->previous_ = previous_;
  list_.size_.fetch_sub(1, std::memory_order_relaxed);
}

bool InFlight::Link::on_interrupt(std::function<void()> call) {
  const std::lock_guard lock(list_.shard_of(unique_).mutex);
  if (interrupted_) return false;
  call_ = std::move(call);
  return true;
}

bool InFlight::interrupt(std::uint64_t unique) {
  std::function<void()> call;
  {
    Shard& shard = shard_of(unique);
    const std::lock_guard lock(shard.mutex);
    Link* link = shard.first;
    while (link != nullptr && link->unique_ != unique) link = link->next_;
    if (link == nullptr) return false;
    link->interrupted_ = true;
    call = std::exchange(link->call_, nullptr);
  }
  if (call) call();
  return true;
}

}  // namespace storage_fuse
