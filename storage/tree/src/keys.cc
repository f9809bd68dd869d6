#include "keys.h"

#include <charconv>

#include "bytes.h"

namespace storage_tree {
namespace {

constexpr std::size_t kNumberBytes = 8;

std::optional<std::uint64_t> decimal(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

}  // namespace

std::string directory_prefix(InodeNumber directory) { return kTreeKeys + sortable(directory); }

std::string versions_prefix(const NameKey& key) {
  return directory_prefix(key.directory) + key.name + '\0' + 'n';
}

// The newest first: the first key at or after a snapshot's is what it sees.
std::string entry_key(const NameKey& key, CommitNumber number) {
  return versions_prefix(key) + sortable(~number);
}

// No name begins with a NUL, and the root's empty one is followed by 'n'.
std::string directory_key(InodeNumber directory) {
  return directory_prefix(directory) + '\0' + 'd';
}

std::string inode_key(InodeNumber inode) { return kInodeKeys + sortable(inode); }

std::optional<EntryKey> parse_entry_key(std::string_view key) {
  if (key.size() < 1 + kNumberBytes + 2 + kNumberBytes || !key.starts_with(kTreeKeys)) {
    return std::nullopt;
  }
  EntryKey result;
  result.key.directory = *unsortable(key.substr(1, kNumberBytes));
  key.remove_prefix(1 + kNumberBytes);
  const auto name = key.substr(0, key.find('\0'));
  if (key.size() != name.size() + 2 + kNumberBytes || key[name.size() + 1] != 'n') {
    return std::nullopt;
  }
  result.key.name = name;
  result.number = ~*unsortable(key.substr(key.size() - kNumberBytes));
  return result;
}

std::optional<InodeNumber> parse_directory_key(std::string_view key) {
  if (key.size() != 1 + kNumberBytes + 2 || !key.starts_with(kTreeKeys)) return std::nullopt;
  if (key.substr(1 + kNumberBytes) != std::string_view("\0d", 2)) return std::nullopt;
  return unsortable(key.substr(1, kNumberBytes));
}

std::optional<InodeNumber> parse_inode_key(std::string_view key) {
  if (!key.starts_with(kInodeKeys)) return std::nullopt;
  return unsortable(key.substr(1));
}

std::string group_of(std::string_view key) {
  const auto entry = parse_entry_key(key);
  return entry ? versions_prefix(entry->key) : std::string(key);
}

std::string commit_key(CommitNumber number) { return kCommits + sortable(number); }

std::string activation_key(std::string_view activation) {
  return kActivations + std::string(activation);
}

std::string activation_time_key(std::int64_t seconds, std::string_view activation) {
  return kActivationTimes + sortable(static_cast<std::uint64_t>(seconds)).append(activation);
}

std::string session_key(std::string_view session) { return kSessions + std::string(session); }

std::string upload_key(std::string_view writer) { return kUploads + std::string(writer); }

std::string upload_intents(std::string_view writer) { return upload_key(writer) + '\0'; }

std::string upload_intent_key(std::string_view writer, InodeNumber inode) {
  return upload_intents(writer) + sortable(inode);
}

std::string range_key(std::string_view start) { return kRanges + std::string(start); }

std::string new_shard_key(std::string_view shard) { return kNewShards + std::string(shard); }

std::string old_range_key(std::string_view shard, std::uint64_t map_version) {
  return (kOldRanges + std::string(shard) + '\0').append(sortable(map_version));
}

std::string deletion_key(InodeNumber inode, std::string_view writer) {
  return kDeletions + sortable(inode).append(writer);
}

std::string data_object(InodeNumber inode, std::string_view writer, std::uint64_t index) {
  return "d." + std::to_string(inode) + '.' + std::string(writer) + '.' + std::to_string(index);
}

std::optional<DataObjectName> parse_data_object(std::string_view name) {
  if (!name.starts_with("d.")) return std::nullopt;
  name.remove_prefix(2);
  const auto first = name.find('.');
  const auto last = name.rfind('.');
  if (first == std::string_view::npos || first == last) return std::nullopt;
  const auto inode = decimal(name.substr(0, first));
  const auto index = decimal(name.substr(last + 1));
  if (!inode || !index) return std::nullopt;
  return DataObjectName{*inode, std::string(name.substr(first + 1, last - first - 1)), *index};
}

std::string redo_object(std::string_view writer, std::uint64_t index) {
  return "r." + std::string(writer) + '.' + std::to_string(index);
}

}  // namespace storage_tree
