// FUSE node ids: an attempt and an inode of its volume in one number, the same after a restart.
#pragma once

#include <cstdint>

#include "storage/tree.h"
#include "storage_control/protocol.h"
#include "storage_fuse/values.h"

namespace storage_daemon {

using storage::InodeNumber;
using storage_control::AttemptNumber;
using storage_fuse::NodeId;

inline constexpr unsigned kInodeBits = 40;
inline constexpr unsigned kSlotBits = 64 - kInodeBits;
inline constexpr std::uint64_t kSlots = std::uint64_t{1} << kSlotBits;

// Slot 0 is the mount's own root.
inline std::uint64_t slot_of(AttemptNumber attempt) { return attempt % kSlots; }
inline std::uint64_t slot_of_node(NodeId node) { return node >> kInodeBits; }
// Slots come round again after 16 million attempts: a new generation, so that the kernel does not
// mistake one for the other.
inline std::uint64_t generation_of(AttemptNumber attempt) { return attempt / kSlots + 1; }

inline NodeId node_of(AttemptNumber attempt, InodeNumber inode) {
  return slot_of(attempt) << kInodeBits | inode;
}
inline InodeNumber inode_of(NodeId node) { return node & storage::kInodeMax; }

}  // namespace storage_daemon
