// The keys under which the store has what a ledger knows.
#pragma once

#include "storage_ephemeral/record.h"

namespace storage_ephemeral {

inline RecordKey name_key(const storage::NameKey& key) {
  return {.kind = RecordKey::Kind::kName, .inode = key.directory, .version = 0, .name = key.name};
}
inline RecordKey inode_key(storage::InodeNumber inode) {
  return {.kind = RecordKey::Kind::kInode, .inode = inode, .version = 0, .name = {}};
}
inline RecordKey holder_key(storage::InodeNumber inode, std::uint32_t version,
                            const NodeName& node) {
  return {.kind = RecordKey::Kind::kHolder, .inode = inode, .version = version, .name = node};
}

}  // namespace storage_ephemeral
