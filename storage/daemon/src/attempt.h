// What the daemon knows of an attempt at a volume, beside what the file system keeps of it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/json.h"
#include "base/result.h"
#include "storage_control/protocol.h"
#include "storage_overlay/overlay.h"
#include "storage_tree/tree.h"
#include "volumes.h"

namespace storage_daemon {

using storage::InodeNumber;
using storage_control::AttemptNumber;

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
storage_overlay::Publish publish_of(const hints::Volume& volume);
storage_overlay::OverlayOptions overlay_options(const AttemptFacts& facts, std::uint64_t files_max);

// What a commit is recorded under: the activation, or, for what is published on the way, a name of
// its own that says which activation it was. The mark of such a one begins with '/'.
struct CommitName {
  std::string activation, writer;
};
CommitName publication_name(const std::string& activation, const std::string& writer);
std::string mark_of_publication(const std::string& writer);
bool is_mark_of_publication(const std::string& mark);
CommitName commit_of(const std::string& activation, const std::string& mark);

// Threads: any; its folder is for one at a time.
class Attempt {
 public:
  Attempt(AttemptFacts facts, std::shared_ptr<Volume> volume, storage_tree::Snapshot snapshot,
          std::filesystem::path directory)
      : facts_(std::move(facts)),
        volume_(std::move(volume)),
        snapshot_(std::move(snapshot)),
        directory_(std::move(directory)) {}

  const AttemptFacts& facts() const { return facts_; }
  const std::shared_ptr<Volume>& volume() const { return volume_; }
  storage_tree::Tree& tree() const { return *volume_->tree; }
  // Where the attempt publishes on the way, it is another one after each time.
  storage_tree::Snapshot snapshot() const {
    const std::lock_guard lock(*mutex_);
    return snapshot_;
  }
  void move_to(storage_tree::Snapshot snapshot) {
    const std::lock_guard lock(*mutex_);
    snapshot_ = std::move(snapshot);
  }
  const std::filesystem::path& directory() const { return directory_; }
  std::filesystem::path staging() const { return directory_ / kStaging; }

  // An attempt whose facts are not there never began.
  static base::Status make_folder(const std::filesystem::path& directory);
  base::Status write_facts() const;
  static base::Result<AttemptFacts> read_facts(const std::filesystem::path& directory);

  // Its answer, for a successor who is asked again.
  base::Status write_ended(const base::Result<storage::VolumeReport>& ended) const;
  // Nothing: it has not ended there.
  static std::optional<base::Result<storage::VolumeReport>> read_ended(
      const std::filesystem::path& directory);

  // For a successor, which goes on above it.
  base::Status write_snapshot(storage::CommitNumber number) const;
  static std::optional<storage::CommitNumber> read_snapshot(const std::filesystem::path& directory);

  // Under which name something may have been stored or committed: a successor must end that first.
  base::Status mark_uploading(const std::string& writer) const;
  // The same, of its own name, when something of it is stored before its end.
  base::Status mark_early() {
    TRY_STATUS(mark_uploading(facts_.writer));
    early_ = true;
    return {};
  }
  bool is_early() const { return early_; }
  base::Status clear_uploading() const;
  std::optional<std::string> uploading() const { return uploading(directory_); }
  static std::optional<std::string> uploading(const std::filesystem::path& directory);

 private:
  static constexpr const char* kStaging = "files";

  const AttemptFacts facts_;
  const std::shared_ptr<Volume> volume_;
  // A pointer, so that attempts can be moved. It guards the next.
  std::unique_ptr<std::mutex> mutex_ = std::make_unique<std::mutex>();
  storage_tree::Snapshot snapshot_;
  const std::filesystem::path directory_;
  bool early_ = false;  // not in a successor: it knows nothing of what is under way
};

}  // namespace storage_daemon
