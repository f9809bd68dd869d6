#include "ending.h"

#include <sys/stat.h>

#include <chrono>
#include <map>
#include <thread>
#include <utility>

#include "base/text.h"
#include "storage_tree/outcome.h"

namespace storage_daemon {
namespace {

using base::Error;
using base::ErrorCode;
using base::Result;
using base::Status;
using storage::CommitReport;
using storage::Content;
using storage::Entry;
using storage_tree::Outcome;

// A store that does not answer is asked again; then the attempt is given up.
constexpr int kTries = 4;
constexpr std::chrono::milliseconds kBetweenTries{250};

bool may_be_asked_again(const Error& error) {
  return error.code == ErrorCode::kUnavailable || error.code == ErrorCode::kDeadlineExceeded;
}

hints::Isolation isolation_of(const Attempt& attempt) {
  return attempt.facts().hint.isolation.value_or(hints::Isolation::kSnapshot);
}

struct Stored {
  Content content;
  storage::FileTime modified{};
};

Result<Stored> store(Attempt& attempt, const std::string& writer, InodeNumber inode) {
  base::UniqueFd fd = attempt.staging().find(inode);
  if (!fd.valid()) fd = attempt.staging().make(inode);
  struct stat stat{};
  if (!fd.valid() || ::fstat(fd.get(), &stat) != 0) {
    return base::error_from_errno(errno, "opening a staged file");
  }
  Stored stored;
  stored.modified = time_of(stat.st_mtim);
  attempt.traffic().written += stat.st_size;
  TRY(stored.content, attempt.tree().upload(writer, inode, fd.get()));
  return stored;
}

void put(const std::map<InodeNumber, Stored>& stored, Entry& entry) {
  const auto found = stored.find(entry.inode);
  if (found == stored.end()) return;
  entry.content = found->second.content;
  entry.attributes.modified = found->second.modified;
  entry.attributes.changed = std::max(entry.attributes.changed, found->second.modified);
}

Status store_all(Attempt& attempt, storage_overlay::Changes& changes) {
  std::map<InodeNumber, Stored> stored;
  for (const InodeNumber inode : changes.staged) {
    TRY(stored[inode], store(attempt, changes.write.writer, inode));
  }
  for (auto& [key, entry] : changes.write.names) {
    if (entry) put(stored, *entry);
  }
  for (auto& [inode, entry] : changes.write.shared) put(stored, entry);
  return {};
}

bool changes_something(const storage::WriteSet& write) {
  return !write.names.empty() || !write.shared.empty() || !write.directories.empty() ||
         !write.removed_directories.empty();
}

Result<Outcome> ask(Attempt& attempt, const storage_overlay::Changes& changes) {
  for (int tries = 1;; ++tries) {
    auto outcome = attempt.tree().commit(attempt.snapshot(), changes.write, changes.read,
                                         isolation_of(attempt));
    const bool again = !outcome && may_be_asked_again(outcome.error()) && tries < kTries;
    if (!again) return outcome;
    std::this_thread::sleep_for(kBetweenTries * tries);
  }
}

Error conflict(const Attempt& attempt, const Outcome& outcome) {
  std::string what = "volume " + attempt.facts().volume.name + ": " +
                     base::quoted(outcome.name.name) + " was changed meanwhile";
  if (!outcome.winner.empty()) what += " by activation " + outcome.winner;
  if (outcome.number != 0) what += ", commit " + std::to_string(outcome.number);
  if (!outcome.reason.empty()) what += " (" + outcome.reason + ")";
  return {ErrorCode::kConflict, what};
}

Result<CommitReport> report_of(const Attempt& attempt, const Outcome& outcome) {
  switch (outcome.kind) {
    case Outcome::Kind::kCommitted:
    case Outcome::Kind::kAlreadyApplied:
      return CommitReport{CommitReport::Kind::kOk, outcome.number, 0, ""};
    case Outcome::Kind::kConflict:
      return conflict(attempt, outcome);
    case Outcome::Kind::kAborted:
      break;
  }
  return Error{ErrorCode::kUnavailable, "volume " + attempt.facts().volume.name +
                                            ": the commit was aborted: " + outcome.reason};
}

// What was begun under that name was committed, or never will be.
Result<std::optional<CommitReport>> settle(Attempt& attempt, const std::string& writer) {
  const std::string& activation = attempt.facts().activation_id;
  const Status aborted = attempt.tree().abort(activation, writer);
  if (aborted) return std::optional<CommitReport>();
  if (aborted.error().code != ErrorCode::kAlreadyExists) return aborted.error();
  TRY(const auto record, attempt.tree().activation(activation));
  return std::optional(CommitReport{CommitReport::Kind::kOk, record ? record->number : 0, 0, ""});
}

Result<Outcome> store_and_ask(Attempt& attempt, storage_overlay::Changes& changes) {
  TRY_STATUS(store_all(attempt, changes));
  return ask(attempt, changes);
}

}  // namespace

Result<CommitReport> commit(Attempt& attempt, bool& unknown) {
  storage_overlay::Changes changes;
  {
    const std::lock_guard lock(attempt.mutex());
    attempt.close_locked();
    changes = attempt.overlay_locked().changes();
  }
  unknown = true;
  if (const auto earlier = attempt.uploading()) {
    TRY(const auto before, settle(attempt, *earlier));
    unknown = false;
    if (before) return *before;
    changes.write.writer = random_name();
  }
  unknown = false;
  if (changes_something(changes.write)) {
    TRY_STATUS(attempt.mark_uploading(changes.write.writer));
  }
  auto outcome = store_and_ask(attempt, changes);
  if (outcome) return report_of(attempt, *outcome);
  const auto settled = settle(attempt, changes.write.writer);
  unknown = !settled;
  if (settled && *settled) return **settled;
  return std::move(outcome).error();
}

Status give_up(Attempt& attempt) {
  {
    const std::lock_guard lock(attempt.mutex());
    attempt.close_locked();
  }
  const auto writer = attempt.uploading();
  return writer ? attempt.tree().abort(attempt.facts().activation_id, *writer) : Status();
}

storage::VolumeReport report_of(Attempt& attempt) {
  const hints::Volume& hint = attempt.facts().hint;
  storage::VolumeReport report;
  report.name = hint.name;
  report.path = hint.path;
  report.tier = hint.tier;
  report.lifetime = hint.lifetime;
  report.read_only = hint.read_only;
  report.isolation = isolation_of(attempt);
  storage::TierTraffic durable;
  durable.read_local_bytes = attempt.traffic().local;
  durable.read_remote_bytes = attempt.traffic().remote;
  durable.written_bytes = attempt.traffic().written;
  report.traffic = {durable};
  return report;
}

void count_written(Attempt& attempt) {
  const std::lock_guard lock(attempt.mutex());
  for (const InodeNumber inode : attempt.overlay_locked().changes().staged) {
    struct stat stat{};
    if (attempt.staging().stat(inode, stat)) attempt.traffic().written += stat.st_size;
  }
}

}  // namespace storage_daemon
