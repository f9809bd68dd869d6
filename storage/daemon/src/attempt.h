// One attempt at a volume: its view, its files on this node, and its journal.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/json.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "content_cache.h"
#include "node_id.h"
#include "staging.h"
#include "storage_overlay/overlay.h"
#include "storage_tree/tree.h"
#include "volumes.h"

namespace storage_daemon {

// What is fixed when an attempt begins, kept in its folder.
struct AttemptFacts {
  AttemptNumber number = 0;
  std::string client;
  std::uint64_t ticket = 0;
  VolumeName volume;  // under the name of its owner
  std::string space;
  std::string activation_id;
  std::string writer;
  hints::Volume hint;
  storage::CommitNumber snapshot = 0;
};
base::Json to_json(const AttemptFacts& facts);
base::Result<AttemptFacts> facts_from(const base::Json& json);

// Of the bytes that an attempt opened, and of those that it leaves.
struct Traffic {
  std::atomic<std::int64_t> local{0}, remote{0}, written{0};
};

struct AttemptLimits {
  std::uint64_t files_max = 0;
};

// Threads: methods named *_locked by whoever holds mutex(); the others by any.
class Attempt {
 public:
  // In `directory`, which is made. What is not given up stays there.
  static base::Result<std::shared_ptr<Attempt>> begin(AttemptFacts facts,
                                                      std::shared_ptr<Volume> volume,
                                                      storage_tree::Snapshot snapshot,
                                                      const std::filesystem::path& directory,
                                                      const AttemptLimits& limits);
  // As an earlier daemon left it there.
  static base::Result<std::shared_ptr<Attempt>> resume(AttemptFacts facts,
                                                       std::shared_ptr<Volume> volume,
                                                       storage_tree::Snapshot snapshot,
                                                       const std::filesystem::path& directory,
                                                       const AttemptLimits& limits);
  // The facts in a folder; an error where an attempt never began there.
  static base::Result<AttemptFacts> read_facts(const std::filesystem::path& directory);

  const AttemptFacts& facts() const { return facts_; }
  const Volume& volume() const { return *volume_; }
  storage_tree::Tree& tree() const { return *volume_->tree; }
  const storage_tree::Snapshot& snapshot() const { return snapshot_; }
  const Staging& staging() const { return staging_; }
  const std::filesystem::path& directory() const { return directory_; }
  const AttemptLimits& limits() const { return limits_; }
  Traffic& traffic() { return traffic_; }

  std::mutex& mutex() { return mutex_; }
  storage_overlay::Overlay& overlay_locked() { return overlay_; }
  bool is_open_locked() const { return open_; }
  // From now on operations find nothing.
  void close_locked() { open_ = false; }

  // Writes the journal, and removes what has come to its end. To be called before anything that
  // the overlay answered is told to anybody. False: the disk fails.
  bool keep_locked();

  // Asks the volume for what is needed, and tells the overlay. Takes the mutex; waits for the
  // store.
  base::Status fetch(const storage_overlay::Need& need);

  // What the kernel is told of a file.
  storage_fuse::Attributes attributes_locked(const storage_overlay::View& view) const;
  storage_fuse::Node node_locked(const storage_overlay::View& view) const;

  // Under which name something may have been stored or committed: a successor must end that first.
  base::Status mark_uploading(const std::string& writer);
  std::optional<std::string> uploading() const { return uploading(directory_); }
  static std::optional<std::string> uploading(const std::filesystem::path& directory);

 private:
  Attempt(AttemptFacts facts, std::shared_ptr<Volume> volume, storage_tree::Snapshot snapshot,
          Staging staging, std::filesystem::path directory, const AttemptLimits& limits);
  base::Status open_journal();
  base::Status replay();
  base::Status learn_root();
  base::Result<std::shared_ptr<const storage_overlay::Listing>> list(InodeNumber directory);

  const AttemptFacts facts_;
  const std::shared_ptr<Volume> volume_;
  const storage_tree::Snapshot snapshot_;
  const Staging staging_;
  const std::filesystem::path directory_;
  const AttemptLimits limits_;
  Traffic traffic_;

  std::mutex mutex_;
  // Guarded by mutex_:
  storage_overlay::Overlay overlay_;
  base::UniqueFd journal_;
  bool open_ = true;
};

}  // namespace storage_daemon
