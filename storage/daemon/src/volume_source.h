// A durable volume as attempts read it: what waits for the store does so on threads of a pool.
#pragma once

#include <memory>

#include "attempt.h"
#include "fetch_pool.h"
#include "storage_attempts/snapshot_source.h"
#include "volumes.h"

namespace storage_daemon {

// All names of a directory. Waits for the store.
base::Result<std::shared_ptr<const storage_overlay::Listing>> list_all(
    storage_tree::Tree& tree, const storage_tree::Snapshot& snapshot,
    storage::InodeNumber directory);

class VolumeSource final : public storage_attempts::SnapshotSource {
 public:
  // Reads the attempt's snapshot of the moment. `pool` outlives the last call.
  VolumeSource(std::shared_ptr<const Attempt> attempt, FetchPool& pool)
      : attempt_(std::move(attempt)), volume_(attempt_->volume()), pool_(pool) {}

  void lookup(const storage::NameKey& key, Done<std::optional<storage::Entry>> done) override;
  void list(storage::InodeNumber directory,
            Done<std::shared_ptr<const storage_overlay::Listing>> done) override;
  void reserve(std::uint64_t count, Done<storage::InodeNumber> done) override;
  void read(storage::InodeNumber inode, const storage::Content& content, std::uint64_t offset,
            std::uint64_t length, Done<std::string> done) override;

 private:
  // Every attempt's first; mostly known from the last attempt at the same snapshot.
  void lookup_root(Done<std::optional<storage::Entry>> done);
  // `ask`: (Tree&, const Snapshot&) -> Result<T>.
  template <typename T, typename Ask>
  void post(Done<T> done, Ask ask);

  const std::shared_ptr<const Attempt> attempt_;
  const std::shared_ptr<Volume> volume_;
  FetchPool& pool_;
};

}  // namespace storage_daemon
