// How attempts end, and those of clients that are gone.
#include <algorithm>

#include "daemon_of_node.h"
#include "ending.h"

namespace storage_daemon {

using base::Error;
using base::error_from_errno;
using base::ErrorCode;
using base::Instant;
using base::Json;
using base::Result;
using base::Status;
using base::UniqueFd;

namespace {

// How long the folder of an attempt that is over stays, so that a daemon which dies before its
// answer is out leaves a successor something to answer from.
constexpr std::chrono::milliseconds kFolderStays{1000};
constexpr std::size_t kEndedKept = 4096;

}  // namespace

Result<storage::VolumeReport> DaemonOfNode::finish(const std::string& client,
                                                   const storage_control::Finish& call) {
  std::shared_ptr<Attempt> attempt;
  {
    std::unique_lock lock(mutex_);
    settled_.wait(lock, [&] { return !ending_.contains(call.attempt); });
    if (const auto known = ended_.find(call.attempt); known != ended_.end()) return known->second;
    attempt = attempts_.find(call.attempt);
    if (attempt == nullptr || attempt->facts().client != client) {
      return Error{ErrorCode::kNotFound, "there is no such attempt; it was aborted"};
    }
    ending_.insert(call.attempt);
  }
  Ended ended = end(attempt, call.succeeded);
  put_away(attempt, ended);
  return ended;
}

DaemonOfNode::Ended DaemonOfNode::end(const std::shared_ptr<Attempt>& attempt, bool succeeded) {
  Ended ended = succeeded ? end_well(*attempt) : end_badly(attempt);
  metrics_.add(report_of(*attempt).traffic);
  return ended;
}

DaemonOfNode::Ended DaemonOfNode::end_badly(const std::shared_ptr<Attempt>& attempt) {
  count_written(*attempt);
  storage::VolumeReport report = report_of(*attempt);
  report.commit =
      storage::CommitReport{storage::CommitReport::Kind::kAborted, 0, 0, "the activation failed"};
  ++metrics_.aborted;
  if (const Status given_up = give_up(*attempt); !given_up) {
    log_.warn("Volumes", given_up.error().message, {{"attempt", attempt->facts().number}});
    const std::lock_guard lock(mutex_);
    unknown_.push_back(attempt);
  }
  return report;
}

DaemonOfNode::Ended DaemonOfNode::end_well(Attempt& attempt) {
  bool unknown = false;
  const auto begun = clock_.now();
  auto committed = commit(attempt, unknown);
  metrics_.commit_took(clock_.now() - begun);
  const std::pair<std::string, std::string> key{attempt.facts().space,
                                                attempt.facts().activation_id};
  if (committed) {
    ++metrics_.committed;
    const std::lock_guard lock(mutex_);
    if (const auto found = conflicts_.extract(key)) committed->retries = found.mapped();
    storage::VolumeReport report = report_of(attempt);
    report.commit = *std::move(committed);
    return report;
  }
  const bool conflict = committed.error().code == ErrorCode::kConflict;
  ++(conflict ? metrics_.conflicts : metrics_.failed);
  const std::lock_guard lock(mutex_);
  if (conflict && attempt.facts().hint.retry > 0) ++conflicts_[key];
  if (!conflict) {
    log_.error("Volumes", committed.error().message, {{"activation", key.second}});
  }
  if (unknown) {
    if (auto shared = attempts_.find(attempt.facts().number)) unknown_.push_back(shared);
  }
  return std::move(committed).error();
}

void DaemonOfNode::put_away(const std::shared_ptr<Attempt>& attempt, const Ended& ended) {
  const AttemptFacts& facts = attempt->facts();
  attempts_.remove(facts.number);
  const std::lock_guard lock(mutex_);
  tickets_.erase({facts.client, facts.ticket});
  ending_.erase(facts.number);
  ended_.insert_or_assign(facts.number, ended);
  ended_order_.push_back(facts.number);
  if (ended_order_.size() > kEndedKept) {
    ended_.erase(ended_order_.front());
    ended_order_.pop_front();
  }
  if (std::ranges::find(unknown_, attempt) == unknown_.end()) {
    buried_.emplace_back(clock_.now() + kFolderStays, attempt->directory());
  }
  settled_.notify_all();
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
    for (const auto& attempt : attempts_.all()) {
      const AttemptFacts& facts = attempt->facts();
      const auto left = gone_.find(facts.client);
      if (left == gone_.end() || left->second > now || !ending_.insert(facts.number).second) {
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
