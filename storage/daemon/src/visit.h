// One look of a person at a volume: its last commit; and one transaction on it.
#pragma once

#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "attempt.h"
#include "storage_control/protocol.h"
#include "volumes.h"

namespace storage_daemon {

using storage::Entry;
using storage::FileType;
using storage::NameKey;
using storage_control::Place;

// "file", "directory"...
const char* text_of(FileType type);

// "a//b/" is a and b; what could lead out of the volume is refused.
base::Result<std::vector<std::string>> parts_of(const std::string& path);

base::Error not_there(const Place& place);

struct Totals {
  std::uint64_t files = 0, directories = 0, bytes = 0;
};

// Threads: one at a time. Every method waits for the store.
class Visit {
 public:
  static base::Result<Visit> begin(std::shared_ptr<Volume> volume);

  storage_tree::Tree& tree() const { return *volume_->tree; }
  const storage_tree::Snapshot& snapshot() const { return snapshot_; }

  // Nothing where there is no such file.
  base::Result<std::optional<Entry>> find(const std::vector<std::string>& parts) const;
  base::Status count(storage::InodeNumber directory, Totals& totals) const;

  // For changes like those of activations, in a folder below `scratch`.
  Attempt attempt(const std::filesystem::path& scratch) const;

 private:
  Visit(std::shared_ptr<Volume> volume, storage_tree::Snapshot snapshot)
      : volume_(std::move(volume)), snapshot_(std::move(snapshot)) {}

  std::shared_ptr<Volume> volume_;
  storage_tree::Snapshot snapshot_;
};

}  // namespace storage_daemon
