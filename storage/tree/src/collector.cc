#include "collector.h"

#include <algorithm>
#include <utility>

#include "bytes.h"
#include "pruner.h"

namespace storage_tree {
namespace {

constexpr std::size_t kDeletionsMax = 256;    // files per call
constexpr std::size_t kActivationsMax = 512;  // records per call
constexpr std::size_t kRangeKeysMax = 1000;   // per operation

// Somebody else having done it is as good.
base::Status unless_lost(base::Status status) {
  return is_conflict(status) ? base::Status() : status;
}

}  // namespace

base::Status Collector::collect(CollectReport& report) {
  TRY(const auto sessions, living_sessions(report));
  TRY_STATUS(collect_uploads(sessions, report));
  CommitNumber floor = storage::kInodeMax;
  for (const auto& [name, session] : sessions) floor = std::min(floor, session.floor);
  TRY_STATUS(Pruner(volume_, log_).prune(floor, report));
  TRY_STATUS(collect_new_shards(sessions));
  TRY_STATUS(collect_old_ranges(sessions));
  TRY_STATUS(delete_data(report));
  return age_activations(report);
}

// A session whose lease is over by all clocks goes: from then on its node knows that its snapshots
// have lapsed.
base::Result<Collector::Sessions> Collector::living_sessions(CollectReport& report) {
  TRY(const auto listed, volume_.list_all(kVolumeObject, kSessions));
  Sessions living;
  for (const auto& [key, value] : listed) {
    TRY(auto session, decoded<Session>(volume_.volume_object(), key, value));
    if (session.expires + volume_.options.lease / 4 >= volume_.wall()) {
      living.emplace(key.substr(1), std::move(session));
      continue;
    }
    storage::ObjectWrite write;
    write.omap_equals.emplace_back(key, value);
    write.omap_remove.push_back(key);
    const auto removed = volume_.write(std::move(write));
    if (is_conflict(removed)) {
      // It lives: what it needs is not known in this round.
      session.floor = 0;
      living.emplace(key.substr(1), std::move(session));
      continue;
    }
    TRY_STATUS(removed);
    ++report.sessions;
  }
  return living;
}

base::Status Collector::collect_uploads(const Sessions& sessions, CollectReport& report) {
  TRY(const auto listed, volume_.list_all(kVolumeObject, kUploads));
  std::string living_writer, dead_writer;
  for (const auto& [key, value] : listed) {
    const std::string writer = key.substr(1, key.find('\0') - 1);
    const bool is_mark = key == upload_key(writer);
    if (is_mark) {
      TRY(const auto session, decoded<std::string>(volume_.volume_object(), key, value));
      if (sessions.contains(session)) {
        living_writer = writer;
        continue;
      }
    } else if (writer == living_writer || writer == dead_writer) {
      continue;
    }
    // The mark of a dead session, or files whose mark is gone already.
    dead_writer = writer;
    TRY_STATUS(unless_lost(uploads_.give_up(writer, is_mark ? value : "")));
    ++report.uploads;
  }
  return {};
}

// A split that its session did not finish.
base::Status Collector::collect_new_shards(const Sessions& sessions) {
  TRY(const auto listed, volume_.list_all(kVolumeObject, kNewShards));
  for (const auto& [key, value] : listed) {
    TRY(const auto session, decoded<std::string>(volume_.volume_object(), key, value));
    if (sessions.contains(session)) continue;
    storage::ObjectWrite fence;
    fence.omap_equals.emplace_back(key, value);
    fence.omap_set[key] = encode(std::string());  // nobody's: the split cannot be finished
    auto fenced = unless_lost(volume_.write(std::move(fence)));
    TRY_STATUS(fenced);
    TRY(const auto state, volume_.state({key}));
    if (state.raw(key) != encode(std::string())) continue;
    TRY_STATUS(transfer_.remove({volume_.metadata(key.substr(1))}));
    storage::ObjectWrite write;
    write.omap_equals.emplace_back(key, encode(std::string()));
    write.omap_remove.push_back(key);
    TRY_STATUS(unless_lost(volume_.write(std::move(write))));
  }
  return {};
}

// Keys that were moved are kept where they were until nobody reads by the older map.
base::Status Collector::collect_old_ranges(const Sessions& sessions) {
  TRY(const auto listed, volume_.list_all(kVolumeObject, kOldRanges));
  for (const auto& [key, value] : listed) {
    const auto version = unsortable(std::string_view(key).substr(key.size() - 8));
    if (key.size() < 10 || !version) return damaged(volume_.volume_object(), key);
    TRY(const auto range, decoded<OldRange>(volume_.volume_object(), key, value));
    const bool read_by_somebody =
        std::any_of(sessions.begin(), sessions.end(),
                    [&](const auto& session) { return session.second.map_version < *version; });
    if (read_by_somebody) continue;
    TRY_STATUS(remove_range(key.substr(1, key.size() - 10), range));
    storage::ObjectWrite write;
    write.omap_remove.push_back(key);
    TRY_STATUS(volume_.write(std::move(write)));
  }
  return {};
}

base::Status Collector::remove_range(const std::string& object, const OldRange& range) {
  for (;;) {
    TRY(auto page,
        volume_.store.omap_list(volume_.metadata(object), range.start, "", kRangeKeysMax));
    storage::ObjectWrite write;
    for (const auto& [key, value] : page.entries) {
      if (range.end.empty() || key < range.end) write.omap_remove.push_back(key);
    }
    // omap_list() begins after its key.
    write.omap_remove.push_back(range.start);
    const bool more = page.more && write.omap_remove.size() > page.entries.size();
    TRY_STATUS(volume_.write(volume_.metadata(object), std::move(write)));
    if (!more) return {};
  }
}

base::Status Collector::delete_data(CollectReport& report) {
  TRY(const auto page,
      volume_.store.omap_list(volume_.volume_object(), "", kDeletions, kDeletionsMax));
  for (const auto& [key, value] : page.entries) {
    const auto inode = unsortable(std::string_view(key).substr(1, 8));
    if (key.size() < 9 || !inode) return damaged(volume_.volume_object(), key);
    TRY(const auto count, decoded<std::uint64_t>(volume_.volume_object(), key, value));
    const std::string writer = key.substr(9);
    std::vector<storage::ObjectId> objects;
    for (std::uint64_t i = 0; i < count; ++i) {
      objects.push_back(*inode == 0 ? volume_.metadata(redo_object(writer, i))
                                    : volume_.data(data_object(*inode, writer, i)));
    }
    TRY_STATUS(transfer_.remove(objects));
    report.data_objects += objects.size();
    storage::ObjectWrite write;
    write.omap_remove.push_back(key);
    TRY_STATUS(volume_.write(std::move(write)));
  }
  return {};
}

base::Status Collector::age_activations(CollectReport& report) {
  const auto oldest =
      std::chrono::floor<std::chrono::seconds>(volume_.wall() - volume_.options.activations_kept)
          .time_since_epoch()
          .count();
  TRY(const auto page,
      volume_.store.omap_list(volume_.volume_object(), "", kActivationTimes, kActivationsMax));
  for (const auto& [key, value] : page.entries) {
    if (key >= activation_time_key(oldest, "")) return {};
    const std::string record_key = activation_key(key.substr(9));
    TRY(const auto state, volume_.state({record_key}));
    const std::string found = state.raw(record_key);
    TRY(const auto record,
        decoded_if<ActivationRecord>(volume_.volume_object(), record_key, found));
    storage::ObjectWrite write;
    write.omap_equals.emplace_back(record_key, found);
    write.omap_remove.push_back(key);
    // A later attempt may have written it anew: then a later key stands for it.
    const bool old = record && record->time < FileTime(std::chrono::seconds(oldest));
    if (old) write.omap_remove.push_back(record_key);
    TRY_STATUS(unless_lost(volume_.write(std::move(write))));
    if (old) ++report.activations;
  }
  return {};
}

}  // namespace storage_tree
