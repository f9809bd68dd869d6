// One look of a person at a volume: its last commit; and one transaction on it.
#pragma once

#include <algorithm>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
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

// A file of either tier. `live` is what the nodes know of an ephemeral one.
struct Seen {
  Entry entry;
  std::optional<storage_ephemeral::Entry> live;
  NameKey key;

  bool is_directory() const { return entry.attributes.type == FileType::kDirectory; }
};

struct SeenPage {
  std::vector<std::pair<std::string, Seen>> names;  // sorted
  bool more = false;
};

struct Totals {
  std::uint64_t files = 0, directories = 0, bytes = 0;
};
struct TierTotals {
  Totals durable, ephemeral;
  Totals& of(const Seen& seen) { return seen.live ? ephemeral : durable; }
};

// Threads: one at a time. Every method waits for the store.
class Visit {
 public:
  // Of the last commit, and of all ephemeral names that were flushed.
  static base::Result<Visit> begin(std::shared_ptr<Volume> volume);
  Visit(std::shared_ptr<Volume> volume, storage_tree::Snapshot snapshot)
      : volume_(std::move(volume)), snapshot_(std::move(snapshot)) {}

  storage_tree::Tree& tree() const { return *volume_->tree; }
  const storage_tree::Snapshot& snapshot() const { return snapshot_; }

  storage_ephemeral::Volume& ephemeral() const { return *volume_->ephemeral; }

  // Nothing where there is no such file. A durable one hides an ephemeral one of its name.
  base::Result<std::optional<Seen>> see(const std::vector<std::string>& parts) const;
  // Of the durable tree alone.
  base::Result<std::optional<Entry>> find(const std::vector<std::string>& parts) const;
  // Up to `most` names of a directory after `after`; fewer although there are more, now and then.
  base::Result<SeenPage> list(const Seen& directory, const std::string& after,
                              std::size_t most) const;
  base::Status count(const Seen& directory, TierTotals& totals) const;
  // This one and all below.
  base::Status each_directory(const Seen& directory,
                              const std::function<void(const Seen&)>& visit) const;

  // For changes like those of activations, in a folder below `scratch`.
  Attempt attempt(const std::filesystem::path& scratch) const;

 private:
  Seen seen_of(const storage_ephemeral::Entry& live, NameKey key) const;

  std::shared_ptr<Volume> volume_;
  storage_tree::Snapshot snapshot_;
};

}  // namespace storage_daemon
