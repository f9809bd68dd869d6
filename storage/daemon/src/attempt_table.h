// The attempts that the mount shows.
#pragma once

#include <map>
#include <memory>
#include <shared_mutex>
#include <utility>
#include <vector>

#include "attempt.h"

namespace storage_daemon {

// Threads: any.
class AttemptTable {
 public:
  std::shared_ptr<Attempt> find(AttemptNumber number) const {
    const auto found = find_slot(slot_of(number));
    return found && found->facts().number == number ? found : nullptr;
  }
  std::shared_ptr<Attempt> find_slot(std::uint64_t slot) const {
    const std::shared_lock lock(mutex_);
    const auto found = by_slot_.find(slot);
    return found == by_slot_.end() ? nullptr : found->second;
  }
  // False where the slot is taken.
  bool add(std::shared_ptr<Attempt> attempt) {
    const std::unique_lock lock(mutex_);
    const std::uint64_t slot = slot_of(attempt->facts().number);
    return by_slot_.emplace(slot, std::move(attempt)).second;
  }
  void remove(AttemptNumber number) {
    const std::unique_lock lock(mutex_);
    by_slot_.erase(slot_of(number));
  }
  std::vector<std::shared_ptr<Attempt>> all() const {
    const std::shared_lock lock(mutex_);
    std::vector<std::shared_ptr<Attempt>> attempts;
    attempts.reserve(by_slot_.size());
    for (const auto& [slot, attempt] : by_slot_) attempts.push_back(attempt);
    return attempts;
  }
  std::size_t size() const {
    const std::shared_lock lock(mutex_);
    return by_slot_.size();
  }

 private:
  mutable std::shared_mutex mutex_;
  std::map<std::uint64_t, std::shared_ptr<Attempt>> by_slot_;  // guarded by mutex_
};

}  // namespace storage_daemon
