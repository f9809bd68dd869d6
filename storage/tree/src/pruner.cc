#include "pruner.h"

#include <algorithm>
#include <utility>

namespace storage_tree {
namespace {

constexpr CommitNumber kCommitsMax = 64;   // per call
constexpr std::size_t kChangesMax = 8000;  // names per call, where one commit has not more
constexpr unsigned kRoundsMax = 64;

std::uint64_t objects_of(const Entry& entry) {
  if (entry.content.objects.empty()) return 0;
  return entry.content.objects.back().first + entry.content.objects.back().count;
}

}  // namespace

// The data of files that a commit put out of sight, and those that it only moved.
struct Pruner::Fate {
  std::map<DataId, std::uint64_t> dropped;
  std::set<DataId> kept;

  void drop(const Entry& entry) {
    if (const auto count = objects_of(entry); count > 0) {
      dropped[{entry.inode, entry.content.writer}] = count;
    }
  }
  void keep(const Entry& entry) { kept.insert({entry.inode, entry.content.writer}); }
};

base::Status Pruner::prune(CommitNumber floor, CollectReport& report) {
  TRY(const auto state, log_.settled());
  const CommitNumber from = state.head.horizon;
  const CommitNumber to = std::min({floor, state.head.applied, from + kCommitsMax});
  if (to <= from) return {};
  TRY(const auto map, volume_.map(state.head.map_version));
  TRY(const auto commits, log_.between(from, to));
  Plan whole;
  CommitNumber number = from;
  std::size_t changes = 0;
  for (const auto& commit : commits) {
    changes += commit.names.size();
    if (number > from && changes > kChangesMax) break;
    TRY_STATUS(plan(++number, commit, *map, whole));
  }
  std::sort(whole.removals.begin(), whole.removals.end());
  whole.removals.erase(std::unique(whole.removals.begin(), whole.removals.end()),
                       whole.removals.end());
  TRY_STATUS(carry_out(whole, number, *map, from));
  report.commits += number - from;
  report.versions += whole.versions;
  return {};
}

base::Status Pruner::plan(CommitNumber number, const Commit& commit, const RangeMap& map,
                          Plan& plan) {
  std::vector<std::string> keys;
  for (const auto& name : commit.names) {
    keys.push_back(entry_key(name.key, name.previous));
    keys.push_back(entry_key(name.key, number));
    if (name.old_inode != 0 && !name.was_directory) keys.push_back(inode_key(name.old_inode));
  }
  for (const auto inode : commit.shared) keys.push_back(inode_key(inode));
  for (const auto inode : commit.removed_directories) keys.push_back(directory_key(inode));
  TRY(const auto values, volume_.get(map, keys));

  Fate fate;
  for (const auto& name : commit.names) {
    for (const auto version : {name.previous, number}) {
      const std::string key = entry_key(name.key, version);
      const auto found = values.find(key);
      if (found == values.end()) continue;
      TRY(const auto stored,
          decoded<StoredEntry>(volume_.metadata(map.object_of(key)), key, found->second));
      const bool visible = version == number && stored.entry.has_value();
      if (visible) fate.keep(*stored.entry);
      if (visible) continue;
      if (stored.entry) fate.drop(*stored.entry);
      plan.removals.push_back(key);
      ++plan.versions;
    }
  }
  for (const auto inode : commit.removed_directories) {
    if (values.contains(directory_key(inode))) plan.removals.push_back(directory_key(inode));
  }
  TRY_STATUS(plan_shared(number, commit, values, fate, plan));
  for (const auto& [id, count] : fate.dropped) {
    if (!fate.kept.contains(id)) plan.data[id] = count;
  }
  plan.log.push_back(commit_key(number));
  return {};
}

// Files with several names have their content in their record. What a name of theirs says is old.
base::Status Pruner::plan_shared(CommitNumber number, const Commit& commit, const KeyValues& values,
                                 Fate& fate, Plan& plan) {
  std::set<InodeNumber> inodes(commit.shared.begin(), commit.shared.end());
  std::set<InodeNumber> still_named;
  for (const auto& name : commit.names) {
    inodes.insert(name.old_inode);
    still_named.insert(name.inode);
  }
  for (const auto inode : inodes) {
    const std::string key = inode_key(inode);
    const auto found = values.find(key);
    if (found == values.end()) continue;
    TRY(const auto versions, decoded<InodeVersions>(volume_.volume_object(), key, found->second));
    const auto* version = version_at(versions, number);
    if (version == nullptr) continue;
    const bool written = version->number == number;
    const bool gone = written ? version->entry.links == 0
                              : version == &versions.front() && version->entry.links <= 1 &&
                                    !still_named.contains(inode);
    for (const auto& any : versions) {
      const bool older = any.number < number && written;
      if (gone || older) fate.drop(any.entry);
    }
    if (gone) {
      plan.removals.push_back(key);
      --plan.shared;
      continue;
    }
    for (const auto& any : versions) {
      if (any.number >= version->number && any.entry.links > 0) fate.keep(any.entry);
    }
  }
  return {};
}

base::Status Pruner::carry_out(const Plan& plan, CommitNumber horizon, const RangeMap& map,
                               CommitNumber from) {
  std::map<std::string, std::vector<std::string>> by_object;
  for (const auto& key : plan.removals) by_object[map.object_of(key)].push_back(key);
  const std::vector<std::string> own = std::move(by_object[kVolumeObject]);
  by_object.erase(kVolumeObject);
  if (!by_object.empty() && !plan.data.empty()) {
    // Once the entries are gone nobody would know of their data.
    storage::ObjectWrite write;
    for (const auto& [id, count] : plan.data) {
      write.omap_set[deletion_key(id.inode, id.writer)] = encode(count);
    }
    TRY_STATUS(volume_.write(std::move(write)));
  }
  for (const auto& [object, keys] : by_object) TRY_STATUS(remove_in(object, keys));
  return finish(plan, own, horizon, from, map.version);
}

base::Status Pruner::remove_in(const std::string& object, const std::vector<std::string>& keys) {
  auto wanted = keys;
  wanted.emplace_back(kShardKey);
  for (unsigned round = 0; round < kRoundsMax; ++round) {
    TRY(auto page, volume_.store.omap_get(volume_.metadata(object), wanted));
    const std::string guard = page.entries[kShardKey];
    TRY(auto shard, decoded<ShardState>(volume_.metadata(object), kShardKey, guard));
    page.entries.erase(kShardKey);
    if (page.entries.empty()) return {};
    shard.keys -= static_cast<std::int64_t>(page.entries.size());
    storage::ObjectWrite write;
    write.omap_equals.emplace_back(kShardKey, guard);
    write.omap_remove = keys;
    write.omap_set[kShardKey] = encode(shard);
    auto written = volume_.write(volume_.metadata(object), std::move(write));
    if (!is_conflict(written)) return written;
    volume_.pause(round);
  }
  return base::Error{base::ErrorCode::kUnavailable, "object " + object + " changes all the time"};
}

// Where others have moved the horizon or the ranges, the next call looks again.
base::Status Pruner::finish(const Plan& plan, const std::vector<std::string>& own,
                            CommitNumber horizon, CommitNumber from, std::uint64_t map_version) {
  for (unsigned round = 0; round < kRoundsMax; ++round) {
    TRY(auto state, volume_.state());
    if (state.head.horizon != from || state.head.map_version != map_version) return {};
    state.head.horizon = horizon;
    state.head.keys -= static_cast<std::int64_t>(own.size());
    state.head.shared = std::max<std::int64_t>(0, state.head.shared + plan.shared);
    storage::ObjectWrite write;
    write.omap_equals.emplace_back(kHeadKey, state.raw_head);
    write.omap_remove = own;
    write.omap_remove.insert(write.omap_remove.end(), plan.log.begin(), plan.log.end());
    for (const auto& [id, count] : plan.data) {
      write.omap_set[deletion_key(id.inode, id.writer)] = encode(count);
    }
    write.omap_set[kHeadKey] = encode(state.head);
    auto written = volume_.write(std::move(write));
    if (!is_conflict(written)) return written;
    volume_.pause(round);
  }
  return base::Error{base::ErrorCode::kUnavailable,
                     "volume " + volume_.space + " changes all the time"};
}

}  // namespace storage_tree
