// What an earlier daemon left.
#include <algorithm>
#include <fstream>

#include "daemon_of_node.h"

namespace storage_daemon {

using base::Error;
using base::error_from_errno;
using base::ErrorCode;
using base::Result;
using base::Status;

namespace {

// The commit of what was being published when the daemon died. Nothing: there was none, or it was
// not decided and never will be.
Result<std::optional<storage::CommitNumber>> last_publication(const AttemptFacts& facts,
                                                              storage_tree::Tree& tree,
                                                              const std::filesystem::path& folder) {
  std::optional<storage::CommitNumber> number;
  const auto mark = Attempt::uploading(folder);
  if (!mark || !is_mark_of_publication(*mark)) return number;
  const CommitName name = commit_of(facts.activation_id, *mark);
  const Status aborted = tree.abort(name.activation, name.writer);
  if (aborted) return number;
  if (aborted.error().code != ErrorCode::kAlreadyExists) return aborted.error();
  TRY(const auto record, tree.activation(name.activation));
  if (record) number = record->number;
  return number;
}

Result<storage_tree::Snapshot> snapshot_to_go_on(const AttemptFacts& facts,
                                                 storage_tree::Tree& tree,
                                                 const std::filesystem::path& folder,
                                                 std::optional<storage::CommitNumber> published) {
  if (publish_of(facts.hint) == storage_overlay::Publish::kAtOnce) return tree.begin();
  const auto known = Attempt::read_snapshot(folder).value_or(facts.snapshot);
  return tree.resume(std::max(known, published.value_or(0)));
}

}  // namespace

// Whether it goes on. Of one that has ended, only the answer does.
Result<bool> DaemonOfNode::resume(const std::filesystem::path& folder) {
  TRY(AttemptFacts facts, Attempt::read_facts(folder));
  if (const auto ended = Attempt::read_ended(folder)) {
    std::unique_lock lock(mutex_);
    remember_locked(facts.number, *ended);
    lock.unlock();
    return discard(folder);
  }
  TRY(auto volume, volumes_.reopen(facts.volume, facts.space));
  TRY(const auto published, last_publication(facts, *volume->tree, folder));
  TRY(storage_tree::Snapshot snapshot, snapshot_to_go_on(facts, *volume->tree, folder, published));
  const auto attempt =
      std::make_shared<Attempt>(std::move(facts), std::move(volume), std::move(snapshot), folder);
  TRY_STATUS(attach(attempt, false, published));
  if (published) TRY_STATUS(attempt->clear_uploading());
  const std::lock_guard lock(mutex_);
  tickets_[{attempt->facts().client, attempt->facts().ticket}] = attempt->facts().number;
  gone_.try_emplace(attempt->facts().client, clock_.now() + options_.restart_grace);
  attempts_[attempt->facts().number] = attempt;
  return true;
}

// Nothing of an attempt that has ended, or whose users' mount is gone, may be published any more.
Result<bool> DaemonOfNode::discard(const std::filesystem::path& folder) {
  const auto facts = Attempt::read_facts(folder);
  const auto writer = Attempt::uploading(folder);
  if (!facts || !writer) return false;
  TRY(const auto volume, volumes_.reopen(facts->volume, facts->space));
  const CommitName name = commit_of(facts->activation_id, *writer);
  const Status aborted = volume->tree->abort(name.activation, name.writer);
  if (!aborted && aborted.error().code != ErrorCode::kAlreadyExists) {
    return aborted.error();
  }
  return false;
}

Result<bool> DaemonOfNode::same_mount() {
  const auto file = options_.directory / "mount";
  std::string known;
  std::getline(std::ifstream(file), known);
  if (known == options_.mount_identity) return true;
  std::ofstream out(file, std::ios::trunc);
  out << options_.mount_identity << '\n';
  if (!out.flush()) return Error{ErrorCode::kNoSpace, "cannot write " + file.native()};
  return false;
}

Status DaemonOfNode::end_ephemeral_files(bool go_on) {
  std::map<std::string, std::vector<storage_ephemeral::Attempt>> alive;
  std::error_code ignored;
  for (const auto& entry :
       std::filesystem::directory_iterator(options_.directory / "attempts", ignored)) {
    const auto facts = Attempt::read_facts(entry.path());
    if (go_on && facts && !Attempt::read_ended(entry.path())) {
      alive[facts->space].push_back(facts->writer);
    }
  }
  const auto left = ephemeral_->left();
  if (left.empty()) return {};
  TRY(const auto spaces, volumes_.spaces());
  for (const std::string& space : left) {
    if (spaces.contains(space)) {
      TRY_STATUS(ephemeral_->attach(space, alive[space]));
    } else {
      TRY_STATUS(ephemeral_->remove(space));
    }
  }
  return {};
}

Status DaemonOfNode::take_over() {
  const auto folder = options_.directory / "attempts";
  std::error_code failure;
  std::filesystem::create_directories(folder, failure);
  if (failure) return error_from_errno(failure.value(), "making " + folder.native());
  TRY(const bool go_on, same_mount());
  TRY_STATUS(end_ephemeral_files(go_on));
  for (const auto& entry : std::filesystem::directory_iterator(folder, failure)) {
    const auto taken = go_on ? resume(entry.path()) : discard(entry.path());
    if (taken && *taken) continue;
    if (!taken) {
      log_.warn("Volumes", "an attempt cannot go on: " + taken.error().message,
                {{"folder", entry.path().native()}});
    }
    std::error_code ignored;
    std::filesystem::remove_all(entry.path(), ignored);
  }
  if (const std::size_t count = open_attempts(); count > 0) {
    log_.info("Volumes", std::to_string(count) + " attempts go on after a restart");
  }
  upkeep_ = std::jthread([this](const std::stop_token& stop) { keep_up(stop); });
  return {};
}

}  // namespace storage_daemon
