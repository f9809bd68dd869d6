// How attempts end, and those of clients that are gone.
#include <algorithm>

#include "daemon_of_node.h"
#include "ending.h"

namespace storage_daemon {

using base::Error;
using base::ErrorCode;
using base::Instant;
using base::Result;
using base::Status;

namespace {

// How long the folder of an attempt that is over stays, so that a daemon which dies before its
// answer is out leaves a successor something to answer from.
constexpr std::chrono::milliseconds kFolderStays{1000};
constexpr std::size_t kEndedKept = 4096;
// For closes that are under way, where an open file is an error.
constexpr std::chrono::milliseconds kClosesPatience{200};

Status give_up_publication(const Attempt& attempt) {
  const auto mark = attempt.uploading();
  if (!mark || !is_mark_of_publication(*mark)) return {};
  const Status given_up = give_up(attempt);
  return given_up || given_up.error().code == ErrorCode::kAlreadyExists ? Status() : given_up;
}

}  // namespace

Result<storage::VolumeReport> DaemonOfNode::finish(const std::string& client,
                                                   const storage_control::Finish& call) {
  std::shared_ptr<Attempt> attempt;
  {
    std::unique_lock lock(mutex_);
    settled_.wait(lock, [&] { return !ending_.contains(call.attempt); });
    if (const auto known = ended_.find(call.attempt); known != ended_.end()) return known->second;
    const auto found = attempts_.find(call.attempt);
    if (found == attempts_.end() || found->second->facts().client != client) {
      return Error{ErrorCode::kNotFound, "there is no such attempt; it was aborted"};
    }
    attempt = found->second;
    ending_.insert(call.attempt);
  }
  Ended ended = end(attempt, call.succeeded);
  put_away(attempt, ended);
  return ended;
}

DaemonOfNode::Ended DaemonOfNode::end(const std::shared_ptr<Attempt>& attempt, bool succeeded) {
  ahead_.stop(attempt->facts().number);
  Stored stored;
  Ended ended = succeeded ? end_well(attempt, stored) : end_badly(attempt);
  const auto traffic = files_.traffic(attempt->facts().number);
  if (traffic) metrics_.add(*traffic);
  if (traffic && ended) ended->traffic = *traffic;
  attempt->volume()->ephemeral->release(attempt->facts().writer);
  if (const Status kept = attempt->write_ended(ended); !kept) {
    log_.warn("Volumes", kept.error().message, {{"attempt", attempt->facts().number}});
  } else {
    // Not before: a successor that has to ask again needs the files where they were.
    files_.keep(attempt->facts().number, stored);
  }
  return ended;
}

Status DaemonOfNode::settle(const Attempt& attempt, storage_ephemeral::Outcome outcome) {
  auto& files = *attempt.volume()->ephemeral;
  const std::string& writer = attempt.facts().writer;
  files.settle(writer, outcome);
  return wait_for([&](auto done) { files.flush(writer, std::move(done)); });
}

DaemonOfNode::Ended DaemonOfNode::end_badly(const std::shared_ptr<Attempt>& attempt) {
  note(settle(*attempt, storage_ephemeral::Outcome::kFailed), attempt->facts().volume.name);
  storage::VolumeReport report = report_of(*attempt);
  const bool at_end = publish_of(attempt->facts().hint) == storage_overlay::Publish::kAtEnd;
  report.commit = storage::CommitReport{
      storage::CommitReport::Kind::kAborted, 0, 0,
      at_end ? "the activation failed" : "the activation failed; what it had published stays"};
  ++metrics_.aborted;
  if (const Status given_up = give_up(*attempt); !given_up) {
    log_.warn("Volumes", given_up.error().message, {{"attempt", attempt->facts().number}});
    const std::lock_guard lock(mutex_);
    unknown_.push_back(attempt);
  }
  return report;
}

// In this order: what others may read first, so that who sees the commit sees all of it.
DaemonOfNode::Ended DaemonOfNode::end_well(const std::shared_ptr<Attempt>& attempt,
                                           Stored& stored) {
  const AttemptFacts& facts = attempt->facts();
  if (facts.hint.open_at_end == hints::OpenAtEnd::kAbort) {
    files_.await_closes(facts.number, kClosesPatience);
  }
  Status published = publish_rest(*attempt);
  auto finished = files_.finish(facts.number);
  Status ready = finished ? check_open_files(*attempt, *finished) : Status(finished.error());
  if (!published) ready = std::move(published);
  // Readers of its ephemeral files must not wait for an end that never comes.
  if (!ready) note(settle(*attempt, storage_ephemeral::Outcome::kFailed), facts.volume.name);
  if (ready) ready = settle(*attempt, storage_ephemeral::Outcome::kSucceeded);
  if (ready) ready = check_dependencies(*attempt, *finished, paths_of(*attempt));
  if (ready) return commit_all(attempt, *std::move(finished), stored);
  // Of a publication whose outcome nobody knew.
  if (const Status given_up = give_up_publication(*attempt); !given_up) {
    const std::lock_guard lock(mutex_);
    unknown_.push_back(attempt);
  }
  ++metrics_.failed;
  log_.error("Volumes", ready.error().message, {{"activation", facts.activation_id}});
  return std::move(ready).error();
}

DaemonOfNode::Ended DaemonOfNode::commit_all(const std::shared_ptr<Attempt>& attempt,
                                             Finished finished, Stored& stored) {
  const AttemptFacts& facts = attempt->facts();
  bool unknown = false;
  std::vector<std::string> open_at_end;
  for (const auto& file : finished.staged) {
    if (file.was_open) open_at_end.push_back(file.name);
  }
  if (publish_of(facts.hint) != storage_overlay::Publish::kAtEnd) open_at_end = finished.open;
  const auto begun = clock_.now();
  auto committed = commit(*attempt, std::move(finished), paths_of(*attempt), unknown);
  metrics_.commit_took(clock_.now() - begun);
  const std::pair<std::string, std::string> key{facts.space, facts.activation_id};
  if (committed) {
    ++metrics_.committed;
    const std::lock_guard lock(mutex_);
    if (const auto found = conflicts_.extract(key)) committed->report.retries = found.mapped();
    storage::VolumeReport report = report_of(*attempt);
    report.commit = std::move(committed->report);
    report.open_at_end = std::move(open_at_end);
    stored = std::move(committed->contents);
    return report;
  }
  const bool conflict = committed.error().code == ErrorCode::kConflict;
  ++(conflict ? metrics_.conflicts : metrics_.failed);
  const std::lock_guard lock(mutex_);
  if (conflict && facts.hint.retry > 0) ++conflicts_[key];
  if (!conflict) {
    log_.error("Volumes", committed.error().message, {{"activation", key.second}});
  }
  if (unknown) unknown_.push_back(attempt);
  return std::move(committed).error();
}

void DaemonOfNode::put_away(const std::shared_ptr<Attempt>& attempt, const Ended& ended) {
  const AttemptFacts& facts = attempt->facts();
  const std::lock_guard lock(mutex_);
  attempts_.erase(facts.number);
  tickets_.erase({facts.client, facts.ticket});
  doomed_.erase(facts.number);
  ending_.erase(facts.number);
  remember_locked(facts.number, ended);
  buried_.emplace_back(clock_.now() + kFolderStays, attempt);
  settled_.notify_all();
}

void DaemonOfNode::remember_locked(AttemptNumber number, const Ended& ended) {
  ended_.insert_or_assign(number, ended);
  ended_order_.push_back(number);
  if (ended_order_.size() <= kEndedKept) return;
  ended_.erase(ended_order_.front());
  ended_order_.pop_front();
}

void DaemonOfNode::arrived(const std::string& client) {
  const std::lock_guard lock(mutex_);
  here_.insert(client);
  gone_.erase(client);
}

void DaemonOfNode::left(const std::string& client) {
  const std::lock_guard lock(mutex_);
  here_.erase(client);
  gone_[client] = clock_.now() + options_.client_grace;
}

void DaemonOfNode::abort_the_forsaken() {
  std::vector<std::shared_ptr<Attempt>> forsaken;
  {
    const std::lock_guard lock(mutex_);
    const Instant now = clock_.now();
    for (const auto& [number, attempt] : attempts_) {
      const AttemptFacts& facts = attempt->facts();
      const auto left = gone_.find(facts.client);
      if (left == gone_.end() || left->second > now || !ending_.insert(number).second) {
        continue;
      }
      forsaken.push_back(attempt);
    }
    std::erase_if(gone_, [&](const auto& item) { return item.second <= now; });
  }
  for (const auto& attempt : forsaken) {
    log_.info("Volumes", "an attempt is aborted: its client is gone",
              {{"activation", attempt->facts().activation_id}});
    put_away(attempt, end(attempt, false));
  }
}

}  // namespace storage_daemon
