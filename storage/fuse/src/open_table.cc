#include "open_table.h"

#include <algorithm>
#include <atomic>

namespace storage_fuse {
namespace {

// A process that is killed stops between two instructions: the compiler alone could change what
// was written before what.
void in_this_order() { std::atomic_signal_fence(std::memory_order_seq_cst); }

}  // namespace

OpenTable::OpenTable(StateLayout& state, BackingFiles& kernel) : state_(state), kernel_(kernel) {
  recover();
}

void OpenTable::recover() {
  if (state_.intent != 0) finish_intent();
  bool last_is_known = false;
  const std::int32_t after_last = state_.last_backing_id + 1;
  for (std::uint32_t slot = state_.slots_used; slot-- > 0;) {
    const OpenNode& entry = state_.slots[slot];
    last_is_known |= entry.node != 0 && entry.backing_id == after_last;
    if (entry.node == 0) {
      free_.push_back(slot);
    } else if (entry.opens == 0) {
      drop(slot);
    } else {
      slot_of_[entry.node] = slot;
    }
  }
  // The kernel counts ids up: one that was given out and not written down is the next.
  if (last_is_known) {
    state_.last_backing_id = after_last;
  } else {
    kernel_.remove(after_last);
  }
}

OpenTable::Open OpenTable::add(NodeId node, std::uint64_t unique, bool resent, int backing) {
  const std::lock_guard lock(mutex_);
  const auto found = slot_of_.find(node);
  if (found != slot_of_.end()) {
    OpenNode entry = state_.slots[found->second];
    if (resent && counted_before(unique)) return {true, entry.backing_id};
    ++entry.opens;
    write(found->second, entry, unique);
    return {true, entry.backing_id};
  }
  const auto slot = free_slot();
  if (!slot) return {};
  std::int32_t id = 0;
  if (backing >= 0) id = kernel_.add(backing).value_or(0);
  write(*slot, {node, id, 1}, unique);
  if (id != 0) state_.last_backing_id = id;
  slot_of_[node] = *slot;
  return {true, id};
}

void OpenTable::remove(NodeId node, std::uint64_t unique, bool resent) {
  const std::lock_guard lock(mutex_);
  if (resent && counted_before(unique)) return;
  const auto found = slot_of_.find(node);
  if (found == slot_of_.end()) return;
  const std::uint32_t slot = found->second;
  OpenNode entry = state_.slots[slot];
  --entry.opens;
  write(slot, entry, unique);
  if (entry.opens > 0) return;
  slot_of_.erase(found);
  drop(slot);
}

std::uint64_t OpenTable::size() const {
  const std::lock_guard lock(mutex_);
  return slot_of_.size();
}

bool OpenTable::counted_before(std::uint64_t unique) const {
  return std::ranges::find(state_.recent, unique) != state_.recent.end();
}

std::optional<std::uint32_t> OpenTable::free_slot() {
  if (!free_.empty()) {
    const std::uint32_t slot = free_.back();
    free_.pop_back();
    return slot;
  }
  if (state_.slots_used == kOpenNodesMax) return std::nullopt;
  return state_.slots_used++;
}

void OpenTable::write(std::uint32_t slot, const OpenNode& value, std::uint64_t unique) {
  state_.intent_slot = slot;
  state_.intent_value = value;
  state_.intent_unique = unique;
  in_this_order();
  state_.intent = 1;
  in_this_order();
  finish_intent();
}

void OpenTable::finish_intent() {
  state_.slots[state_.intent_slot] = state_.intent_value;
  if (state_.intent_unique != 0) {
    state_.recent[state_.recent_count % kRecentMax] = state_.intent_unique;
    ++state_.recent_count;
  }
  in_this_order();
  state_.intent = 0;
}

void OpenTable::drop(std::uint32_t slot) {
  // The kernel first: after a death in between, the id is unknown to it, which does no harm.
  if (state_.slots[slot].backing_id != 0) kernel_.remove(state_.slots[slot].backing_id);
  in_this_order();
  state_.slots[slot] = {};
  free_.push_back(slot);
}

}  // namespace storage_fuse
