#include "splitter.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace storage_tree {
namespace {

constexpr std::size_t kPageKeys = 1000;
constexpr unsigned kRoundsMax = 200;

}  // namespace

base::Result<std::uint64_t> Splitter::split_one() {
  TRY(const auto state, log_.settled());
  TRY(const auto map, volume_.map(state.head.map_version));
  if (map->version != state.head.map_version) return std::uint64_t{0};
  TRY(auto found, find(state, *map));
  if (!found) return std::uint64_t{0};
  Job job = std::move(*found);
  TRY_STATUS(mark(job));
  job.copied = state.head.number;
  job.horizon = state.head.horizon;
  TRY_STATUS(copy(job));
  TRY(const bool done, switch_over(job, map->version));
  return std::uint64_t{done ? 1U : 0U};
}

base::Result<std::optional<Splitter::Job>> Splitter::find(const VolumeState& state,
                                                          const RangeMap& map) {
  const auto most = static_cast<std::int64_t>(volume_.options.shard_keys_max);
  for (const auto& [start, object] : map.objects) {
    TRY(auto page, volume_.store.omap_get(volume_.metadata(object), {kShardKey}));
    const std::string raw = page.entries[kShardKey];
    TRY(const auto found, decoded_if<ShardState>(volume_.metadata(object), kShardKey, raw));
    const ShardState shard = found.value_or(ShardState());
    const std::int64_t elsewhere = object == kVolumeObject ? state.head.keys : 0;
    if (shard.keys + elsewhere <= most) continue;
    Job job;
    job.from = object;
    job.end = map.end_of(start);
    TRY(const auto groups, groups_of(object, start, job.end));
    job.start = middle(groups);
    if (static_cast<std::int64_t>(groups.size()) <= most || job.start.empty()) {
      TRY_STATUS(correct(object, raw, shard, static_cast<std::int64_t>(groups.size()) - elsewhere));
      continue;
    }
    job.to = "e." + std::to_string(map.version + 1) + "." + std::to_string(volume_.random());
    job.mark = encode(volume_.options.session);
    return std::optional<Job>(std::move(job));
  }
  return std::optional<Job>();
}

// The count is a guess: a range that was split off is still counted, for one.
base::Status Splitter::correct(const std::string& object, const std::string& raw, ShardState shard,
                               std::int64_t keys) {
  shard.keys = keys;
  storage::ObjectWrite write;
  write.omap_equals.emplace_back(kShardKey, raw);
  write.omap_set[kShardKey] = encode(shard);
  auto written = volume_.write(volume_.metadata(object), std::move(write));
  if (is_conflict(written)) return {};
  return written;
}

// Of each key, in their order: what belongs together stays together.
base::Result<std::vector<std::string>> Splitter::groups_of(const std::string& object,
                                                           const std::string& start,
                                                           const std::string& end) {
  std::vector<std::string> groups;
  std::string after = std::max(start, std::string(kTreeKeys));
  for (bool more = true; more;) {
    TRY(const auto page, volume_.store.omap_list(volume_.metadata(object), after, "", kPageKeys));
    more = page.more && !page.entries.empty();
    for (const auto& [key, value] : page.entries) {
      after = key;
      if (!end.empty() && key >= end) return groups;
      groups.push_back(group_of(key));
    }
  }
  return groups;
}

// The first group in the upper half. "": there is but one.
std::string Splitter::middle(const std::vector<std::string>& groups) {
  for (std::size_t i = groups.size() / 2; i < groups.size(); ++i) {
    if (i > 0 && groups[i] != groups[i - 1]) return groups[i];
  }
  return "";
}

base::Status Splitter::mark(const Job& job) {
  storage::ObjectWrite write;
  write.omap_set[new_shard_key(job.to)] = job.mark;
  return volume_.write(std::move(write));
}

base::Status Splitter::put(Job& job, KeyValues values) {
  if (values.empty()) return {};
  storage::ObjectWrite write;
  write.omap_set = std::move(values);
  return volume_.write(volume_.metadata(job.to), std::move(write));
}

base::Status Splitter::copy(Job& job) {
  // The first key itself is before what omap_list() gives after it.
  TRY(auto first, volume_.store.omap_get(volume_.metadata(job.from), {job.start}));
  job.keys = static_cast<std::int64_t>(first.entries.size());
  TRY_STATUS(put(job, std::move(first.entries)));
  std::string after = job.start;
  for (bool more = true; more;) {
    TRY(auto page, volume_.store.omap_list(volume_.metadata(job.from), after, "", kPageKeys));
    more = page.more && !page.entries.empty();
    if (!page.entries.empty()) after = page.entries.rbegin()->first;
    if (!job.end.empty() && after >= job.end) {
      page.entries.erase(page.entries.lower_bound(job.end), page.entries.end());
      more = false;
    }
    job.keys += static_cast<std::int64_t>(page.entries.size());
    TRY_STATUS(put(job, std::move(page.entries)));
  }
  return {};
}

// What was committed while the rest was copied. Keys that are counted twice make the count a
// little high.
base::Status Splitter::copy_new(Job& job, CommitNumber to) {
  TRY(const auto commits, log_.between(job.copied, to));
  std::vector<std::string> keys;
  const auto add = [&](std::string key) {
    if (key >= job.start && (job.end.empty() || key < job.end)) keys.push_back(std::move(key));
  };
  for (std::size_t i = 0; i < commits.size(); ++i) {
    for (const auto& name : commits[i].names) {
      add(entry_key(name.key, job.copied + 1 + i));
      add(directory_key(name.key.directory));
      if (name.directory) add(directory_key(name.inode));
    }
    for (const auto& [inode, step] : commits[i].steps) add(directory_key(inode));
    for (const auto inode : commits[i].shared) add(inode_key(inode));
  }
  if (!keys.empty()) {
    TRY(auto page, volume_.store.omap_get(volume_.metadata(job.from), std::move(keys)));
    job.keys += static_cast<std::int64_t>(page.entries.size());
    TRY_STATUS(put(job, std::move(page.entries)));
  }
  job.copied = to;
  return {};
}

// False: somebody else was here, or old versions went meanwhile; what was copied is collected.
base::Result<bool> Splitter::switch_over(Job& job, std::uint64_t map_version) {
  for (unsigned round = 0; round < kRoundsMax; ++round) {
    TRY(auto state, log_.settled({new_shard_key(job.to)}));
    const bool same = state.head.map_version == map_version && state.head.horizon == job.horizon &&
                      state.raw(new_shard_key(job.to)) == job.mark;
    if (!same) break;
    TRY_STATUS(copy_new(job, state.head.number));
    TRY_STATUS(put(job, {{kShardKey, encode(ShardState{state.head.number, job.keys})}}));
    ++state.head.map_version;
    if (job.from == kVolumeObject) state.head.keys -= job.keys;
    storage::ObjectWrite write;
    write.omap_equals.emplace_back(kHeadKey, state.raw_head);
    write.omap_equals.emplace_back(new_shard_key(job.to), job.mark);
    write.omap_remove.push_back(new_shard_key(job.to));
    write.omap_set[kHeadKey] = encode(state.head);
    write.omap_set[range_key(job.start)] = encode(job.to);
    write.omap_set[old_range_key(job.from, state.head.map_version)] =
        encode(OldRange{job.start, job.end});
    auto written = volume_.write(std::move(write));
    if (written.ok()) return true;
    if (!is_conflict(written)) return std::move(written).error();
    volume_.pause(round / 8);
  }
  storage::ObjectWrite give_up;
  give_up.omap_equals.emplace_back(new_shard_key(job.to), job.mark);
  give_up.omap_set[new_shard_key(job.to)] = encode(std::string());
  const auto written = volume_.write(std::move(give_up));
  if (!written.ok() && !is_conflict(written)) return written.error();
  return false;
}

}  // namespace storage_tree
