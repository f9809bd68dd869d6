#include "attempts.h"

#include <algorithm>
#include <utility>

#include "prepare.h"

namespace storage_tree {
namespace {

constexpr unsigned kRoundsMax = 100;

// The record names those that must not commit: a commit that is under way finds another record
// than it expects.
base::Status add_aborted(Volume& volume, const std::string& activation, const std::string& writer,
                         const std::string& raw, ActivationRecord record) {
  const std::string key = activation_key(activation);
  record.aborted.push_back(writer);
  record.time = volume.wall();
  const auto seconds =
      std::chrono::floor<std::chrono::seconds>(record.time).time_since_epoch().count();
  storage::ObjectWrite write;
  write.omap_equals.emplace_back(key, raw);
  write.omap_set[key] = encode(record);
  write.omap_set[activation_time_key(seconds, activation)] = encode(std::uint64_t{0});
  return volume.write(std::move(write));
}

}  // namespace

base::Status abort_attempt(Volume& volume, Uploads& uploads, const std::string& activation,
                           const std::string& writer) {
  const std::string name = record_name(activation, writer);
  const std::string key = activation_key(name);
  for (unsigned round = 0; round < kRoundsMax; ++round) {
    TRY(const auto state, volume.state({key, upload_key(writer)}));
    TRY(auto found, decoded_if<ActivationRecord>(volume.volume_object(), key, state.raw(key)));
    const ActivationRecord record = std::move(found).value_or(ActivationRecord());
    if (record.committed && record.writer == writer) {
      return base::Error{base::ErrorCode::kAlreadyExists,
                         "volume " + volume.space + ": " + writer + " was committed"};
    }
    const bool known = record.committed || std::find(record.aborted.begin(), record.aborted.end(),
                                                     writer) != record.aborted.end();
    if (!known) {
      auto added = add_aborted(volume, name, writer, state.raw(key), record);
      if (!added.ok() && !is_conflict(added)) return added;
      continue;  // what is there now?
    }
    uploads.forget(writer);
    const std::string mark = state.raw(upload_key(writer));
    if (mark.empty()) return {};
    auto given = uploads.give_up(writer, mark);
    if (!is_conflict(given)) return given;
  }
  return base::Error{base::ErrorCode::kUnavailable, "volume " + volume.space + ": the record of " +
                                                        name + " changes all the time"};
}

}  // namespace storage_tree
