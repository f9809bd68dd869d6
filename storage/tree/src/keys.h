// The names of objects and the keys in them: see LAYOUT.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "storage/tree.h"

namespace storage_tree {

using storage::CommitNumber;
using storage::InodeNumber;
using storage::NameKey;

inline constexpr const char* kVolumeObject = "vol";

// Keys of the tree, in whichever object their range is; all others sort before them.
inline constexpr const char* kTreeKeys = "e";
std::string versions_prefix(const NameKey& key);  // all versions of a name, newest first
std::string entry_key(const NameKey& key, CommitNumber number);
std::string directory_prefix(InodeNumber directory);
std::string directory_key(InodeNumber directory);  // what was done in it
std::string inode_key(InodeNumber inode);          // of a file with several names
inline constexpr const char* kInodeKeys = "i";

struct EntryKey {
  NameKey key;
  CommitNumber number = 0;
};
// Of an entry's key; nothing for the other kinds.
std::optional<EntryKey> parse_entry_key(std::string_view key);
std::optional<InodeNumber> parse_directory_key(std::string_view key);
std::optional<InodeNumber> parse_inode_key(std::string_view key);
// The least key of what belongs together with `key`: a range may begin there.
std::string group_of(std::string_view key);

// Keys of the volume's object alone.
inline constexpr const char* kFormatKey = "V";
inline constexpr const char* kHeadKey = "H";
inline constexpr const char* kInodesKey = "I";
inline constexpr const char* kTurnKey = "Q";
inline constexpr const char* kRemovedKey = "D";
inline constexpr const char* kCommits = "C";
inline constexpr const char* kActivations = "R";
inline constexpr const char* kActivationTimes = "O";
inline constexpr const char* kSessions = "S";
inline constexpr const char* kUploads = "U";
inline constexpr const char* kRanges = "M";
inline constexpr const char* kNewShards = "N";
inline constexpr const char* kOldRanges = "G";
inline constexpr const char* kDeletions = "X";
std::string commit_key(CommitNumber number);
std::string activation_key(std::string_view activation);
std::string activation_time_key(std::int64_t seconds, std::string_view activation);
std::string session_key(std::string_view session);
std::string upload_key(std::string_view writer);
std::string upload_intents(std::string_view writer);  // prefix
std::string upload_intent_key(std::string_view writer, InodeNumber inode);
std::string range_key(std::string_view start);
std::string new_shard_key(std::string_view shard);
std::string old_range_key(std::string_view shard, std::uint64_t map_version);
std::string deletion_key(InodeNumber inode, std::string_view writer);

// The key of every other metadata object that says how far it is.
inline constexpr const char* kShardKey = "A";

std::string data_object(InodeNumber inode, std::string_view writer, std::uint64_t index);
struct DataObjectName {
  InodeNumber inode = 0;
  std::string writer;
  std::uint64_t index = 0;
};
std::optional<DataObjectName> parse_data_object(std::string_view name);
// A large commit's values, written ahead, are in the metadata pool.
std::string redo_object(std::string_view writer, std::uint64_t index);

}  // namespace storage_tree
