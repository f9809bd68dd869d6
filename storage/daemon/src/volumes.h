// The durable volumes that this node has open.
//
// A registry object tells which volumes there are: NAMESPACE/NAME -> the space of its objects, a
// name that is used once. So a volume that is removed and made again is another one.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"
#include "bell.h"
#include "ephemeral_tier.h"
#include "storage/object_store.h"
#include "storage_tree/tree.h"

namespace storage_daemon {

struct VolumeName {
  std::string namespace_name;
  std::string name;

  auto operator<=>(const VolumeName&) const = default;
};

// That a namespace may open a volume of another one.
struct Grant {
  std::string namespace_name;
  bool read_only = false;

  bool operator==(const Grant&) const = default;
};

// The root as of the latest snapshot that was asked for: every attempt begins with it.
//
// Threads: any.
class KnownRoot {
 public:
  std::optional<storage::Entry> at(storage::CommitNumber number) const {
    const std::lock_guard lock(mutex_);
    return number_ == number ? root_ : std::nullopt;
  }
  void keep(storage::CommitNumber number, const storage::Entry& root) {
    const std::lock_guard lock(mutex_);
    if (root_ && number < number_) return;
    number_ = number;
    root_ = root;
  }

 private:
  mutable std::mutex mutex_;  // guards the others
  storage::CommitNumber number_ = 0;
  std::optional<storage::Entry> root_;
};

struct Volume {
  VolumeName name;
  std::string space;
  std::unique_ptr<storage_tree::Tree> tree;
  std::shared_ptr<storage_ephemeral::Volume> ephemeral;
  KnownRoot root;
  // Ephemeral names that came with commits up to this one are known here.
  std::atomic<storage::CommitNumber> heard{0};
};

// A random name of 32 hexadecimal digits.
std::string random_name();

// Threads: any. Every method may wait for the store.
class Volumes {
 public:
  // `room` is rung when the store can take more of what activations write while they run.
  Volumes(storage::ObjectStore& store, const base::Clock& clock, std::string node,
          std::chrono::milliseconds lease, EphemeralTier& ephemeral, std::shared_ptr<Bell> room)
      : store_(store),
        clock_(clock),
        node_(std::move(node)),
        lease_(lease),
        ephemeral_(ephemeral),
        room_(std::move(room)) {}

  // Made for user and group `uid` where it is missing.
  base::Result<std::shared_ptr<Volume>> open_or_make(const VolumeName& name, uid_t uid);
  // kNotFound where there is none.
  base::Result<std::shared_ptr<Volume>> open(const VolumeName& name);
  // The one that had the name when this node last opened it, or null: in memory, and so it may have
  // been removed by now. Then its tree says so.
  std::shared_ptr<Volume> last_opened(const VolumeName& name) const;
  // Of a volume whose tree says that it has been removed: whoever did it may have died before the
  // registry knew. kDataLoss: nobody has.
  base::Status forget_removed(const Volume& volume);
  // Of an attempt from before a restart: whatever the registry says by now.
  base::Result<std::shared_ptr<Volume>> reopen(const VolumeName& name, const std::string& space);

  // A page of the registry, of one namespace or ("") of all, behind `after`.
  struct Page {
    std::vector<VolumeName> names;
    std::vector<std::string> spaces;  // of the same
    std::string after;                // for the next page; "" at the end
  };
  base::Result<Page> list(const std::string& namespace_name, const std::string& after);

  // Who else may open it, in an object beside the registry. Sharing is of this volume: one that is
  // made under its name after it was removed is shared with nobody. kNotFound: no such volume.
  base::Status share(const VolumeName& name, const Grant& grant);
  base::Status unshare(const VolumeName& name, const std::string& namespace_name);
  base::Result<std::vector<Grant>> grants(const VolumeName& name);
  // Nothing: the namespace may not open it, or there is none.
  base::Result<std::optional<Grant>> grant_of(const VolumeName& name,
                                              const std::string& namespace_name);

  // Of all volumes there are.
  base::Result<std::set<std::string>> spaces();

  // Takes it out of the registry, and removes its objects.
  base::Status remove(const VolumeName& name);

  std::vector<std::shared_ptr<Volume>> known() const;

 private:
  base::Result<std::string> find_space(const std::string& key);
  base::Result<std::string> make_space(const std::string& key);
  base::Result<std::shared_ptr<Volume>> open_space(const VolumeName& name, const std::string& space,
                                                   uid_t uid);
  base::Status unregister(const std::string& key, const std::string& space);
  base::Status remove_objects(const std::string& space);

  storage::ObjectStore& store_;
  const base::Clock& clock_;
  const std::string node_;
  const std::chrono::milliseconds lease_;
  EphemeralTier& ephemeral_;
  const std::shared_ptr<Bell> room_;
  std::mutex opening_;  // held while a tree is opened: it has one opener at a time; then mutex_
  mutable std::mutex mutex_;
  // Guarded by mutex_:
  std::map<std::string, std::shared_ptr<Volume>> open_;  // by space
  std::map<VolumeName, std::string> spaces_;             // of those that were opened last
};

}  // namespace storage_daemon
