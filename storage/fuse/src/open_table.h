// Which nodes are open, and how: the kernel demands that all opens of a node at one time use the
// page cache, or all the same backing file. In the mount's memory, since both the kernel's opens
// and its backing ids outlive the daemon.
//
// Threads: any. `mutex_` is taken alone, and held while a backing file is registered.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

#include "mount_state.h"

namespace storage_fuse {

// The kernel's side, so that the table can be tested without one.
class BackingFiles {
 public:
  virtual ~BackingFiles() = default;
  virtual std::optional<std::int32_t> add(int fd) = 0;  // nullopt: not possible, and said so
  virtual void remove(std::int32_t id) = 0;             // unknown ids do no harm
};

class OpenTable {
 public:
  // Goes on from what a predecessor left in `state`.
  OpenTable(StateLayout& state, BackingFiles& kernel);

  struct Open {
    bool counted = false;         // false: too many files are open
    std::int32_t backing_id = 0;  // 0: by the page cache
  };
  // One more open of `node`, to be told to the kernel right after. `backing` (or -1) is looked at
  // when it is the first.
  Open add(NodeId node, std::uint64_t unique, bool resent, int backing);
  // One less. `unique` 0: the kernel never heard of the open.
  void remove(NodeId node, std::uint64_t unique, bool resent);

  std::uint64_t size() const;

 private:
  void recover();
  bool counted_before(std::uint64_t unique) const;
  std::optional<std::uint32_t> free_slot();
  void write(std::uint32_t slot, const OpenNode& value, std::uint64_t unique);
  void finish_intent();
  void drop(std::uint32_t slot);

  StateLayout& state_;
  BackingFiles& kernel_;
  mutable std::mutex mutex_;  // guards all below, and state_
  std::unordered_map<NodeId, std::uint32_t> slot_of_;
  std::vector<std::uint32_t> free_;
};

}  // namespace storage_fuse
