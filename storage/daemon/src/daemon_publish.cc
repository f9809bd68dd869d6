// Publishing on the way: isolation "none", and fsync that publishes.
#include <cerrno>

#include "daemon_of_node.h"
#include "ending.h"
#include "publisher.h"

namespace storage_daemon {

using base::Error;
using base::ErrorCode;
using base::Result;
using base::Status;
using storage_attempts::Latest;
using storage_tree::Snapshot;

namespace {

int errno_of(const Error& error) {
  switch (error.code) {
    case ErrorCode::kNoSpace:
      return ENOSPC;
    case ErrorCode::kDeadlineExceeded:
    default:
      return EIO;
  }
}

bool is_at_once(const Attempt& attempt) {
  return publish_of(attempt.facts().hint) == storage_overlay::Publish::kAtOnce;
}

}  // namespace

Latest latest_of(const std::shared_ptr<Attempt>& attempt, const Snapshot& snapshot) {
  return {snapshot.number(), [attempt, snapshot] { attempt->move_to(snapshot); }};
}

void PublisherOf::latest(std::function<void(Result<Latest>)> done) {
  const bool posted = asking_.post([attempt = attempt_, done] {
    auto snapshot = attempt->tree().begin();
    if (!snapshot) return done(std::move(snapshot).error());
    done(latest_of(attempt, *snapshot));
  });
  if (!posted) done(Error{ErrorCode::kUnavailable, "too much waits for the store already"});
}

void DaemonOfNode::publish_now(const std::shared_ptr<Attempt>& attempt) {
  const AttemptNumber number = attempt->facts().number;
  auto finished = files_.begin_publication(number);
  if (!finished) return files_.not_published(number, errno_of(finished.error()));
  const auto begun = clock_.now();
  const Published published = publish(*attempt, *std::move(finished), paths_of(*attempt));
  metrics_.commit_took(clock_.now() - begun);
  switch (published.kind) {
    case Published::Kind::kDone:
      return go_on_after(attempt, published);
    case Published::Kind::kConflict: {
      if (!is_at_once(*attempt)) {
        ++metrics_.conflicts;
        doom(number, published.error);
        return files_.not_published(number, EIO);
      }
      const auto snapshot = attempt->tree().begin();
      if (!snapshot) return files_.not_published(number, errno_of(snapshot.error()));
      return files_.not_published(number, 0, latest_of(attempt, *snapshot));
    }
    case Published::Kind::kNot:
      log_.warn("Volumes", published.error.message, {{"attempt", number}});
      return files_.not_published(number, errno_of(published.error));
    case Published::Kind::kUnknown:
      break;
  }
  log_.error("Volumes", published.error.message, {{"attempt", number}});
  doom(number, published.error);
  files_.not_published(number, EIO, std::nullopt, true);
}

// What is read next is the commit itself, or, where that is as good, what came after it.
void DaemonOfNode::go_on_after(const std::shared_ptr<Attempt>& attempt,
                               const Published& published) {
  const AttemptNumber number = attempt->facts().number;
  const auto before = attempt->snapshot().number();
  storage_attempts::AttemptFileSystem::Publication publication{
      published.number, published.number == before + 1, published.contents};
  if (published.number == before) {  // nothing was changed
    publication.alone = true;
    return files_.published(number, publication, {before, nullptr});
  }
  ++metrics_.publications;
  auto snapshot = attempt->tree().begin();
  if (snapshot && snapshot->number() != published.number && !is_at_once(*attempt)) {
    snapshot = attempt->tree().resume(published.number);
  }
  Status noted = snapshot ? Status() : Status(snapshot.error());
  if (noted && !is_at_once(*attempt)) noted = attempt->write_snapshot(published.number);
  if (!noted) {
    log_.error("Volumes", noted.error().message, {{"attempt", number}});
    doom(number, noted.error());
    return files_.not_published(number, EIO, std::nullopt, true);
  }
  files_.published(number, publication, latest_of(attempt, *snapshot));
  note(attempt->clear_uploading(), attempt->facts().volume.name);
}

void DaemonOfNode::doom(AttemptNumber number, const Error& error) {
  const std::lock_guard lock(mutex_);
  doomed_.emplace(number, error);
}

Status DaemonOfNode::check_doomed(AttemptNumber number) const {
  const std::lock_guard lock(mutex_);
  const auto found = doomed_.find(number);
  return found == doomed_.end() ? Status() : Status(found->second);
}

// At the end of an attempt that succeeded: what it has not closed.
Status DaemonOfNode::publish_rest(const Attempt& attempt) {
  const AttemptNumber number = attempt.facts().number;
  if (publish_of(attempt.facts().hint) == storage_overlay::Publish::kAtEnd) return {};
  const int error = files_.publish_rest(number);
  TRY_STATUS(check_doomed(number));
  if (error == 0) return {};
  return base::error_from_errno(
      error, "volume " + attempt.facts().volume.name + ": publishing files that were not closed");
}

}  // namespace storage_daemon
