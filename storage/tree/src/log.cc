#include "log.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

namespace storage_tree {
namespace {

constexpr std::size_t kPageCommits = 256;
constexpr unsigned kRoundsMax = 64;
// One operation while a commit is carried out: each is a part of it, and may be done again.
constexpr std::size_t kOperationKeysMax = 4000;
constexpr std::uint64_t kRedoBytesMax = 64 << 20;

base::Error busy(const Volume& volume) {
  return {base::ErrorCode::kUnavailable, "volume " + volume.space + " changes all the time"};
}

std::set<std::string> objects_of(const Commit& commit, CommitNumber number, const RangeMap& map) {
  std::set<std::string> objects;
  for (const auto& name : commit.names) objects.insert(map.object_of(entry_key(name.key, number)));
  for (const auto& key : merged_keys(commit)) objects.insert(map.object_of(key));
  return objects;
}

// The first keys of `sets`, as many as one operation takes.
KeyValues take_some(KeyValues& sets, std::size_t bytes_max) {
  KeyValues some;
  for (std::size_t bytes = 0; !sets.empty() && some.size() < kOperationKeysMax;) {
    bytes += sets.begin()->first.size() + sets.begin()->second.size();
    if (!some.empty() && bytes > bytes_max) break;
    some.insert(sets.extract(sets.begin()));
  }
  return some;
}

}  // namespace

base::Result<std::vector<Commit>> Log::between(CommitNumber from, CommitNumber to) {
  std::vector<Commit> commits;
  for (CommitNumber next = from + 1; next <= to;) {
    TRY(const auto page, volume_.store.omap_list(volume_.volume_object(), commit_key(next - 1),
                                                 kCommits, std::min(kPageCommits, to - next + 1)));
    for (const auto& [key, value] : page.entries) {
      if (key != commit_key(next)) break;
      TRY(auto commit, decoded<Commit>(volume_.volume_object(), key, value));
      commits.push_back(std::move(commit));
      ++next;
    }
    if (page.entries.empty() || page.entries.begin()->first > commit_key(next)) {
      return base::Error{base::ErrorCode::kConflict, "the log of volume " + volume_.space +
                                                         " does not go back to commit " +
                                                         std::to_string(from)};
    }
  }
  return commits;
}

base::Result<Commit> Log::at(CommitNumber number) {
  const std::string key = commit_key(number);
  TRY(const auto page, volume_.store.omap_get(volume_.volume_object(), {key}));
  const auto found = page.entries.find(key);
  return decoded<Commit>(volume_.volume_object(), key,
                         found == page.entries.end() ? "" : found->second);
}

base::Result<VolumeState> Log::settled(const std::vector<std::string>& keys,
                                       const std::function<void()>& meanwhile) {
  for (unsigned round = 0; round < kRoundsMax; ++round) {
    TRY(auto state, round == 0 ? volume_.state(keys, meanwhile) : volume_.state(keys));
    if (state.head.applied == state.head.number) return state;
    TRY_STATUS(catch_up(state));
  }
  return busy(volume_);
}

base::Status Log::catch_up(const VolumeState& state) {
  TRY(const auto map, volume_.map(state.head.map_version));
  for (CommitNumber number = state.head.applied + 1; number <= state.head.number; ++number) {
    // While something is to be carried out no range moves: a newer map means that it is done.
    if (map->version != state.head.map_version) return {};
    TRY(auto commit, at(number));
    // Somebody else has finished it.
    if (!commit.pending) return {};
    if (commit.redo_objects > 0) {
      auto values = read_ahead_values(commit);
      if (!values.ok()) return finished_by_others(number, std::move(values).error());
    }
    TRY_STATUS(apply(commit, number, state.head.horizon, *map));
    TRY_STATUS(finish(std::move(commit), number));
  }
  return {};
}

// Values that were written ahead are removed when all is done.
base::Status Log::finished_by_others(CommitNumber number, base::Error error) {
  if (error.code != base::ErrorCode::kNotFound) return error;
  TRY(const auto state, volume_.state());
  if (state.head.applied >= number) return {};
  return base::Error{base::ErrorCode::kDataLoss, "the values of commit " + std::to_string(number) +
                                                     " are missing: " + error.message};
}

base::Status Log::read_ahead_values(Commit& commit) {
  std::string bytes;
  for (std::uint64_t i = 0; i < commit.redo_objects; ++i) {
    TRY(const auto part,
        volume_.store.read(volume_.metadata(redo_object(commit.writer, i)), 0, kRedoBytesMax));
    bytes += part;
  }
  const auto object = volume_.metadata(redo_object(commit.writer, 0));
  TRY(auto ahead, decoded<Commit>(object, "", bytes));
  if (ahead.names.size() != commit.names.size() || ahead.shared != commit.shared) {
    return damaged(object, "");
  }
  commit.values = std::move(ahead.values);
  return {};
}

base::Status Log::apply(const Commit& commit, CommitNumber number, CommitNumber horizon,
                        const RangeMap& map) {
  for (const auto& object : objects_of(commit, number, map)) {
    TRY_STATUS(apply_to(object, commit, number, horizon, map));
  }
  return {};
}

base::Status Log::apply_to(const std::string& object, const Commit& commit, CommitNumber number,
                           CommitNumber horizon, const RangeMap& map) {
  for (unsigned round = 0; round < kRoundsMax; ++round) {
    auto done = try_apply_to(object, commit, number, horizon, map);
    // The shard has changed meanwhile: it was done by somebody else, or old versions went.
    if (is_conflict(done)) continue;
    return done;
  }
  return busy(volume_);
}

base::Status Log::try_apply_to(const std::string& object, const Commit& commit, CommitNumber number,
                               CommitNumber horizon, const RangeMap& map) {
  const auto belongs = [&](const std::string& key) { return map.object_of(key) == object; };
  std::vector<std::string> wanted{kShardKey};
  for (auto& key : merged_keys(commit)) {
    if (belongs(key)) wanted.push_back(std::move(key));
  }
  TRY(auto page, volume_.store.omap_get(volume_.metadata(object), wanted));
  const std::string guard = page.entries[kShardKey];
  TRY(const auto found, decoded_if<ShardState>(volume_.metadata(object), kShardKey, guard));
  ShardState shard = found.value_or(ShardState());
  if (shard.applied >= number) return {};

  TreeChange change;
  const auto value = [&](std::size_t i) { return commit.values[i]; };
  auto merged = add_commit(commit, number, horizon, belongs, value, page.entries, change);
  if (!merged.ok()) {
    return base::Error{merged.error().code, "object " + object + ": " + merged.error().message};
  }
  shard.applied = number;
  shard.keys += change.keys;
  // Keys that were merged must not be merged twice: they are in the last operation, with the state
  // that says that all is done.
  KeyValues last{{kShardKey, encode(shard)}};
  for (const auto& key : wanted) {
    if (change.sets.contains(key)) last.insert(change.sets.extract(key));
  }
  while (!last.empty()) {
    storage::ObjectWrite write;
    write.omap_equals.emplace_back(kShardKey, guard);
    write.omap_set = take_some(change.sets, volume_.options.operation_bytes_max);
    if (change.sets.empty()) write.omap_set.merge(std::exchange(last, {}));
    TRY_STATUS(volume_.write(volume_.metadata(object), std::move(write)));
  }
  return {};
}

base::Status Log::finish(Commit commit, CommitNumber number) {
  const std::uint64_t ahead = commit.redo_objects;  // to be removed: nobody needs them any more
  const std::string writer = commit.writer;
  commit.pending = false;
  commit.values.clear();
  commit.redo_objects = 0;
  const std::string small = encode(commit);
  for (unsigned round = 0; round < kRoundsMax; ++round) {
    TRY(auto state, volume_.state());
    if (state.head.applied >= number) return {};
    state.head.applied = number;
    storage::ObjectWrite write;
    write.omap_equals.emplace_back(kHeadKey, state.raw_head);
    write.omap_set[kHeadKey] = encode(state.head);
    write.omap_set[commit_key(number)] = small;
    if (ahead > 0) write.omap_set[deletion_key(0, writer)] = encode(ahead);
    auto written = volume_.write(std::move(write));
    if (!is_conflict(written)) return written;
  }
  return busy(volume_);
}

}  // namespace storage_tree
