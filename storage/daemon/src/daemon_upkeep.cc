// What has to be done now and then.
#include <algorithm>

#include "daemon_of_node.h"
#include "ending.h"

namespace storage_daemon {

using base::ErrorCode;
using base::Instant;
using base::Status;

namespace {

constexpr std::chrono::milliseconds kUpkeepEvery{100};

}  // namespace

void DaemonOfNode::keep_up(const std::stop_token& stop) {
  std::mutex sleeping;
  std::condition_variable_any woken;
  Instant maintain_at = clock_.now(), collect_at = clock_.now() + options_.collect_every;
  while (!stop.stop_requested()) {
    abort_the_forsaken();
    remove_folders();
    note(ephemeral_->look());
    if (clock_.now() >= maintain_at) {
      maintain_at = clock_.now() + options_.lease / 4;
      note(ephemeral_->announce());
      maintain();
      give_up_the_unknown();
    }
    if (clock_.now() >= collect_at) {
      collect_at = clock_.now() + options_.collect_every;
      collect_garbage();
    }
    std::unique_lock lock(sleeping);
    woken.wait_for(lock, stop, kUpkeepEvery, [] { return false; });
  }
}

void DaemonOfNode::note(const Status& status, const std::string& volume) {
  if (!status) log_.warn("Volumes", status.error().message, {{"volume", volume}});
}

void DaemonOfNode::remove_folders() {
  std::vector<std::shared_ptr<Attempt>> due;
  {
    const std::lock_guard lock(mutex_);
    while (!buried_.empty() && buried_.front().first <= clock_.now()) {
      due.push_back(std::move(buried_.front().second));
      buried_.pop_front();
    }
  }
  for (const auto& attempt : due) {
    // What is to be given up needs its folder, but not its files, which may be what fills the disk;
    // where a successor would not find that it has ended, it needs them, too.
    const bool unknown = is_unknown(attempt);
    if (unknown && !Attempt::read_ended(attempt->directory())) continue;
    files_.drop(attempt->facts().number);
    if (unknown) continue;
    std::error_code ignored;
    std::filesystem::remove_all(attempt->directory(), ignored);
  }
}

bool DaemonOfNode::is_unknown(const std::shared_ptr<Attempt>& attempt) const {
  const std::lock_guard lock(mutex_);
  return std::ranges::find(unknown_, attempt) != unknown_.end();
}

void DaemonOfNode::give_up_the_unknown() {
  std::vector<std::shared_ptr<Attempt>> unknown;
  {
    const std::lock_guard lock(mutex_);
    unknown.swap(unknown_);
  }
  for (const auto& attempt : unknown) {
    const Status given_up = give_up(*attempt);
    const bool settled = given_up || given_up.error().code == ErrorCode::kAlreadyExists;
    const std::lock_guard lock(mutex_);
    if (settled) {
      buried_.emplace_back(clock_.now(), attempt);
    } else {
      unknown_.push_back(attempt);
    }
  }
}

void DaemonOfNode::maintain() {
  for (const auto& volume : volumes_.known()) {
    note(volume->tree->maintain(), volume->name.name);
  }
}

void DaemonOfNode::collect_garbage() {
  for (const auto& volume : volumes_.known()) {
    const auto collected = volume->tree->collect();
    if (collected) {
      metrics_.collected_objects += collected->data_objects;
      metrics_.collected_versions += collected->versions;
    } else {
      note(collected.error(), volume->name.name);
    }
  }
}

}  // namespace storage_daemon
