#include "merge.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace storage_tree {
namespace {

base::Error damaged_value(const std::string& key) {
  return {base::ErrorCode::kDataLoss, "the value of \"" + printable(key) + "\" is damaged"};
}

// Sets a merged key, and counts it where it is new.
void set_merged(const std::string& key, std::string value, KeyValues& current, TreeChange& change) {
  auto& slot = current[key];
  if (slot.empty()) ++change.keys;
  slot = value;
  change.sets[key] = std::move(value);
}

template <typename Versions>
std::optional<Versions> current_versions(const KeyValues& current, const std::string& key) {
  const auto found = current.find(key);
  if (found == current.end() || found->second.empty()) return Versions();
  return decode<Versions>(found->second);
}

// A step adds to what was done in the directory before.
base::Status add_step(InodeNumber directory, const storage::DirectoryStep& step,
                      CommitNumber number, CommitNumber horizon, KeyValues& current,
                      TreeChange& change) {
  const std::string key = directory_key(directory);
  auto versions = current_versions<DirectoryVersions>(current, key);
  if (!versions) return damaged_value(key);
  DirectoryVersion next = versions->empty() ? DirectoryVersion() : versions->front();
  next.number = number;
  next.links += step.subdirectories;
  next.modified = std::max(next.modified, step.modified);
  // The same commit may have written the directory's own entry, too.
  if (!versions->empty() && versions->front().number == number) versions->erase(versions->begin());
  versions->insert(versions->begin(), next);
  forget_before(*versions, horizon);
  set_merged(key, encode(*versions), current, change);
  return {};
}

// The directory's own entry was written, by somebody who knew what was done in it up to his
// snapshot: what others did since comes on top.
base::Status rebase_steps(InodeNumber directory, CommitNumber snapshot, CommitNumber number,
                          CommitNumber horizon, KeyValues& current, TreeChange& change) {
  const std::string key = directory_key(directory);
  auto versions = current_versions<DirectoryVersions>(current, key);
  if (!versions) return damaged_value(key);
  if (versions->empty()) return {};
  const DirectoryVersion latest = versions->front();
  const DirectoryVersion* known = version_at(*versions, snapshot);
  DirectoryVersion next;
  next.number = number;
  next.links = latest.links - (known != nullptr ? known->links : 0);
  if (latest.number > snapshot) next.modified = latest.modified;
  versions->insert(versions->begin(), next);
  forget_before(*versions, horizon);
  set_merged(key, encode(*versions), current, change);
  return {};
}

base::Status add_shared(InodeNumber inode, const std::string& value, CommitNumber number,
                        CommitNumber horizon, KeyValues& current, TreeChange& change) {
  const std::string key = inode_key(inode);
  auto versions = current_versions<InodeVersions>(current, key);
  auto entry = decode<StoredEntry>(value);
  if (!versions || !entry || !entry->entry) return damaged_value(key);
  if (versions->empty()) ++change.shared;
  versions->insert(versions->begin(), InodeVersion{number, std::move(*entry->entry)});
  forget_before(*versions, horizon);
  set_merged(key, encode(*versions), current, change);
  return {};
}

}  // namespace

std::vector<std::string> merged_keys(const Commit& commit) {
  std::vector<std::string> keys;
  for (const auto& [inode, step] : commit.steps) keys.push_back(directory_key(inode));
  for (const auto& name : commit.names) {
    if (name.directory) keys.push_back(directory_key(name.inode));
  }
  for (const auto inode : commit.shared) keys.push_back(inode_key(inode));
  return keys;
}

base::Status add_commit(const Commit& commit, CommitNumber number, CommitNumber horizon,
                        const std::function<bool(const std::string&)>& belongs,
                        const std::function<std::string(std::size_t)>& value, KeyValues& current,
                        TreeChange& change) {
  for (std::size_t i = 0; i < commit.names.size(); ++i) {
    const auto& name = commit.names[i];
    auto key = entry_key(name.key, number);
    if (belongs(key)) {
      ++change.keys;
      change.sets[std::move(key)] = value(i);
    }
    if (name.directory && belongs(directory_key(name.inode))) {
      TRY_STATUS(rebase_steps(name.inode, commit.snapshot, number, horizon, current, change));
    }
  }
  for (const auto& [inode, step] : commit.steps) {
    if (!belongs(directory_key(inode))) continue;
    TRY_STATUS(add_step(inode, step, number, horizon, current, change));
  }
  for (std::size_t i = 0; i < commit.shared.size(); ++i) {
    if (!belongs(inode_key(commit.shared[i]))) continue;
    TRY_STATUS(add_shared(commit.shared[i], value(commit.names.size() + i), number, horizon,
                          current, change));
  }
  return {};
}

}  // namespace storage_tree
