#include "ending.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

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
using storage_tree::Outcome;

// A store that refuses is asked again; then the attempt is given up. Where it says nothing, the
// tree has waited for three answers already.
constexpr int kTries = 4;
constexpr std::chrono::milliseconds kBetweenTries{250};
constexpr std::size_t kStoredAtOnce = 8;
constexpr std::size_t kInlineFilesForAThread = 200;

bool may_be_asked_again(const Error& error) { return error.code == ErrorCode::kUnavailable; }

hints::Isolation isolation_of(const Attempt& attempt) {
  return attempt.facts().hint.isolation.value_or(hints::Isolation::kSnapshot);
}

Result<Content> store(const Attempt& attempt, const std::string& writer,
                      const storage_attempts::StagedFile& file) {
  TRY(const base::UniqueFd fd, file.open());
  return attempt.tree().upload(writer, file.inode, fd.get());
}

// Large files wait for the store, and several can wait at once; small ones are only read.
std::size_t threads_for(const std::vector<storage_attempts::StagedFile>& files) {
  const auto large = static_cast<std::size_t>(std::ranges::count_if(
      files, [](const auto& file) { return file.size > storage::kInlineBytesMax; }));
  return std::min(kStoredAtOnce, large + (files.size() - large) / kInlineFilesForAThread);
}

Status announce_all(const Attempt& attempt, const Finished& finished) {
  std::map<storage::InodeNumber, std::uint64_t> sizes;
  for (const auto& file : finished.staged) sizes.emplace(file.inode, file.size);
  return attempt.tree().announce(finished.write.writer, sizes);
}

using Contents = std::map<storage::InodeNumber, Content>;

Result<Contents> store_all(const Attempt& attempt, Finished& finished) {
  TRY_STATUS(announce_all(attempt, finished));
  std::mutex mutex;  // guards the next three
  std::size_t next = 0;
  Contents contents;
  Status status;
  const auto work = [&] {
    std::unique_lock lock(mutex);
    while (status && next < finished.staged.size()) {
      const auto& file = finished.staged[next++];
      lock.unlock();
      auto content = store(attempt, finished.write.writer, file);
      lock.lock();
      if (content) {
        contents.emplace(file.inode, std::move(*content));
      } else if (status) {
        status = content.error();
      }
    }
  };
  std::vector<std::jthread> others;
  for (std::size_t i = threads_for(finished.staged); i > 1; --i) others.emplace_back(work);
  work();
  others.clear();  // waits for them
  TRY_STATUS(std::move(status));
  finished.set_contents(contents);
  return contents;
}

bool changes_something(const storage::WriteSet& write) {
  return !write.names.empty() || !write.shared.empty() || !write.directories.empty() ||
         !write.removed_directories.empty();
}

// What is published at once is undone and done anew where somebody else was first.
hints::Isolation isolation_of_commit(const Attempt& attempt) {
  const auto isolation = isolation_of(attempt);
  return isolation == hints::Isolation::kNone ? hints::Isolation::kSnapshot : isolation;
}

Result<Outcome> ask(const Attempt& attempt, const Finished& finished) {
  for (int tries = 1;; ++tries) {
    auto outcome = attempt.tree().commit(attempt.snapshot(), finished.write, finished.read,
                                         isolation_of_commit(attempt));
    const bool again = !outcome && may_be_asked_again(outcome.error()) && tries < kTries;
    if (!again) return outcome;
    std::this_thread::sleep_for(kBetweenTries * tries);
  }
}

Error conflict(const Attempt& attempt, const Outcome& outcome, const PathOf& path_of) {
  std::string what = "volume " + attempt.facts().volume.name + ": " +
                     base::quoted(path_of(outcome.name)) + " was changed meanwhile";
  // What was published on the way has a name of its own behind the activation's.
  if (!outcome.winner.empty())
    what += " by activation " + outcome.winner.substr(0, outcome.winner.find('/'));
  if (outcome.number != 0) what += ", commit " + std::to_string(outcome.number);
  if (!outcome.reason.empty()) what += " (" + outcome.reason + ")";
  return {ErrorCode::kConflict, what};
}

Result<CommitReport> report_of(const Attempt& attempt, const Outcome& outcome,
                               const PathOf& path_of) {
  switch (outcome.kind) {
    case Outcome::Kind::kCommitted:
    case Outcome::Kind::kAlreadyApplied:
      return CommitReport{CommitReport::Kind::kOk, outcome.number, 0, ""};
    case Outcome::Kind::kConflict:
      return conflict(attempt, outcome, path_of);
    case Outcome::Kind::kAborted:
      break;
  }
  return Error{ErrorCode::kUnavailable, "volume " + attempt.facts().volume.name +
                                            ": the commit was aborted: " + outcome.reason};
}

// What was begun under that name was committed, or never will be.
Result<std::optional<CommitReport>> settle(const Attempt& attempt, const std::string& mark) {
  const CommitName name = commit_of(attempt.facts().activation_id, mark);
  const Status aborted = attempt.tree().abort(name.activation, name.writer);
  if (aborted) return std::optional<CommitReport>();
  if (aborted.error().code != ErrorCode::kAlreadyExists) return aborted.error();
  TRY(const auto record, attempt.tree().activation(name.activation));
  return std::optional(CommitReport{CommitReport::Kind::kOk, record ? record->number : 0, 0, ""});
}

Result<Outcome> store_and_ask(const Attempt& attempt, Finished& finished, Contents& contents) {
  TRY(contents, store_all(attempt, finished));
  return ask(attempt, finished);
}

}  // namespace

Result<Committed> commit(const Attempt& attempt, Finished finished, const PathOf& path_of,
                         bool& unknown) {
  unknown = true;
  if (const auto earlier = attempt.uploading(); earlier && !attempt.is_early()) {
    TRY(const auto before, settle(attempt, *earlier));
    unknown = false;
    if (before) return Committed{*before, {}};
    finished.write.writer = random_name();
  }
  unknown = false;
  if (changes_something(finished.write) && !attempt.is_early()) {
    TRY_STATUS(attempt.mark_uploading(finished.write.writer));
  }
  Contents contents;
  auto outcome = store_and_ask(attempt, finished, contents);
  if (!outcome && attempt.tree().is_doubtful(finished.write.writer)) {
    unknown = true;
    TRY(const auto before, settle(attempt, finished.write.writer));
    unknown = false;
    if (before) return Committed{*before, {}};
    finished.write.writer = random_name();
    TRY_STATUS(attempt.mark_uploading(finished.write.writer));
    outcome = store_and_ask(attempt, finished, contents);
  }
  if (outcome) {
    TRY(CommitReport report, report_of(attempt, *outcome, path_of));
    if (outcome->kind != Outcome::Kind::kCommitted) contents.clear();
    std::erase_if(contents, [](const auto& item) { return item.second.writer.empty(); });
    return Committed{std::move(report), std::move(contents)};
  }
  const auto settled = settle(attempt, finished.write.writer);
  unknown = !settled;
  std::erase_if(contents, [](const auto& item) { return item.second.writer.empty(); });
  if (settled && *settled) return Committed{**settled, std::move(contents)};
  return std::move(outcome).error();
}

namespace {

// Ephemeral names of before come first: who sees the commit sees them.
Status prepare(const Attempt& attempt, const Finished& finished, const PathOf& path_of) {
  auto& files = *attempt.volume()->ephemeral;
  TRY_STATUS(wait_for([&](auto done) { files.flush(attempt.facts().writer, std::move(done)); }));
  TRY_STATUS(check_dependencies(attempt, finished, path_of));
  return attempt.mark_uploading(mark_of_publication(finished.write.writer));
}

// The bytes of small files were handed to the write set: an attempt that goes on needs them, too.
void take_small_files(const Finished& finished, Contents& contents) {
  const auto take = [&](const storage::Entry& entry) {
    const auto found = contents.find(entry.inode);
    if (found != contents.end() && found->second.writer.empty()) found->second = entry.content;
  };
  for (const auto& [key, entry] : finished.write.names) {
    if (entry) take(*entry);
  }
  for (const auto& [inode, entry] : finished.write.shared) take(entry);
}

// Whether a commit whose answer did not come was made; asked until somebody knows.
Result<std::optional<CommitReport>> settle_patiently(const Attempt& attempt,
                                                     const std::string& mark) {
  for (int tries = 1;; ++tries) {
    auto settled = settle(attempt, mark);
    if (settled || tries == kTries) return settled;
    std::this_thread::sleep_for(kBetweenTries * tries);
  }
}

}  // namespace

Published publish(const Attempt& attempt, Finished finished, const PathOf& path_of) {
  using Kind = Published::Kind;
  Published done;
  done.number = attempt.snapshot().number();
  if (!changes_something(finished.write)) return done;
  finished.write.writer = random_name();
  finished.write.activation =
      publication_name(attempt.facts().activation_id, finished.write.writer).activation;
  const auto fail = [&](Kind kind, Error error) {
    done.kind = kind;
    done.error = std::move(error);
    return done;
  };
  if (const Status ready = prepare(attempt, finished, path_of); !ready) {
    return fail(Kind::kNot, ready.error());
  }
  const auto outcome = store_and_ask(attempt, finished, done.contents);
  take_small_files(finished, done.contents);
  if (outcome && outcome->kind == Outcome::Kind::kConflict) {
    return fail(Kind::kConflict, conflict(attempt, *outcome, path_of));
  }
  if (outcome && outcome->kind == Outcome::Kind::kAborted) {
    return fail(Kind::kNot, Error{ErrorCode::kUnavailable, outcome->reason});
  }
  if (outcome) {
    done.number = outcome->number;
    return done;
  }
  const auto settled = settle_patiently(attempt, mark_of_publication(finished.write.writer));
  if (!settled) return fail(Kind::kUnknown, outcome.error());
  if (!*settled) return fail(Kind::kNot, outcome.error());
  done.number = (*settled)->number;
  return done;
}

Status check_dependencies(const Attempt& attempt, const Finished& finished, const PathOf& path_of) {
  if (!changes_something(finished.write)) return {};
  for (const auto& read : attempt.volume()->ephemeral->dependencies(attempt.facts().writer)) {
    if (read.state != storage_ephemeral::FileState::kPoisoned) continue;
    const std::string name = read.name ? path_of(*read.name) : std::to_string(read.file.inode);
    return Error{ErrorCode::kDataLoss, "volume " + attempt.facts().volume.name +
                                           ": nothing was committed, since the ephemeral file " +
                                           base::quoted(name) + ", which was read, is not whole: " +
                                           std::string(storage_ephemeral::in_words(read.reason))};
  }
  return {};
}

Status check_open_files(const Attempt& attempt, const Finished& finished) {
  if (attempt.facts().hint.open_at_end != hints::OpenAtEnd::kAbort) return {};
  if (finished.open.empty()) return {};
  const bool at_end = publish_of(attempt.facts().hint) == storage_overlay::Publish::kAtEnd;
  return Error{ErrorCode::kInvalidArgument,
               "volume " + attempt.facts().volume.name +
                   (at_end ? ": nothing was committed, since " : ": an error, since ") +
                   base::quoted(finished.open.front()) + " was still open for writing at the end"};
}

Status give_up(const Attempt& attempt) {
  const auto mark = attempt.uploading();
  if (!mark) return {};
  const CommitName name = commit_of(attempt.facts().activation_id, *mark);
  return attempt.tree().abort(name.activation, name.writer);
}

storage::VolumeReport report_of(const Attempt& attempt) {
  const hints::Volume& hint = attempt.facts().hint;
  storage::VolumeReport report;
  report.name = hint.name;
  report.path = hint.path;
  report.tier = hint.tier;
  report.lifetime = hint.lifetime;
  report.read_only = hint.read_only;
  report.isolation = isolation_of(attempt);
  return report;
}

}  // namespace storage_daemon
