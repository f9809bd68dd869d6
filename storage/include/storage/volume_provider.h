// Volumes as the rest of Larder sees them: opened for one activation, handed over as mounts,
// finished with a report. The node's own images (volume_store.h) are one implementation; a tiered
// file system over many nodes is meant to be another.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "hints/hints.h"

namespace storage {

// One directory tree to mount for an activation.
struct VolumePart {
  // Where it belongs, relative to the volume's path: "" is the volume itself, "out" or "a/b" a
  // directory in it that already exists there. Mount without following symbolic links: another
  // activation with the same volume may rename things in the meantime.
  std::string target;
  base::UniqueFd tree;  // an open_tree(2) clone, attached nowhere; close-on-exec
  hints::Tier tier = hints::Tier::kDurable;
  bool read_only = false;  // `tree` already refuses writes; told so that the record can say it
};

// What one tier of a volume held. Bytes are the sum of the sizes of its regular files when `exact`;
// else the kernel's own count of the space in use as of its last commit, and `files` is unknown.
struct TierUsage {
  hints::Tier tier = hints::Tier::kDurable;
  std::int64_t quota_bytes = 0;
  std::int64_t bytes_before = 0;
  std::int64_t bytes_after = 0;
  std::optional<std::int64_t> files;  // regular files after
  bool exact = true;                  // both byte counts come from a walk that saw every file

  std::int64_t bytes_added() const { return bytes_after - bytes_before; }  // negative when freed
};

// What an attempt moved in one tier: bytes of files that it opened or wrote.
struct TierTraffic {
  hints::Tier tier = hints::Tier::kDurable;
  std::int64_t read_local_bytes = 0;   // were on the node
  std::int64_t read_remote_bytes = 0;  // came from another node or the durable store
  std::int64_t written_bytes = 0;

  bool operator==(const TierTraffic&) const = default;
};

// How the durable changes of an attempt ended.
struct CommitReport {
  enum class Kind { kOk, kAborted } kind = Kind::kOk;
  std::uint64_t number = 0;  // kOk: among the volume's commits; what was read when nothing changed
  int retries = 0;           // attempts of the activation before this one that met a conflict
  std::string reason;        // kAborted

  bool operator==(const CommitReport&) const = default;
};

// What happened to one volume in one activation. In `tiers`, files that other activations wrote in
// the same volume meanwhile are counted too.
struct VolumeReport {
  std::string name;
  std::string path;
  hints::Tier tier = hints::Tier::kDurable;  // of files that no rule matches
  hints::Lifetime lifetime;                  // of its ephemeral files
  bool read_only = false;
  std::vector<TierUsage> tiers;  // each tier of the volume once, the volume's own first; or none
  hints::Isolation isolation = hints::Isolation::kNone;
  std::optional<CommitReport> commit = std::nullopt;  // where activations are transactions
  std::vector<TierTraffic> traffic = {};              // each tier once, or none
  // Durable files that were still open for writing: committed as they were at that moment.
  std::vector<std::string> open_at_end = {};
};

// The object that stands for the volume in the activation record's annotation `volumes`.
base::Json to_json(const VolumeReport& report);

// A volume in use by one activation. Dropping it without finish() is as finish(false).
//
// Threads: one at a time. The object keeps what it needs of its provider alive.
class OpenVolume {
 public:
  virtual ~OpenVolume() = default;

  // The parts in the order in which they have to be mounted. Once only: later calls give none.
  virtual std::vector<VolumePart> take_parts() = 0;

  // The activation is over and its parts are unmounted. With `succeeded`, the durable tier is safe
  // on the disk when this returns. Ephemeral files with the lifetime of an activation are out of
  // reach at once; their space comes back a little later. Once only: kInvalidArgument after that.
  // Errors: kConflict where activations are transactions and another one changed first what this
  // one depends on: nothing of it has happened, and the action may be run again; the message names
  // the path and the winner. kInvalidArgument where the hint wants all files closed by now.
  // kUnavailable or kDataLoss when the disk fails, kNoSpace when it is full.
  virtual base::Result<VolumeReport> finish(bool succeeded) = 0;
};

// Threads: any. Time: open() and finish() are bounded by a few disk accesses.
class VolumeProvider {
 public:
  virtual ~VolumeProvider() = default;

  // Opens, and makes where it is new, the volume that `volume` names in `namespace_name`. Its files
  // belong to user and group `uid` as they are stored: who mounts the parts may show them under
  // another id. Those of a volume that belonged to another id are given to this one first.
  // Errors: kUnsupported or kInvalidArgument with a sentence for the action's developer; kNoSpace
  // and kUnavailable when the node cannot serve it now.
  virtual base::Result<std::unique_ptr<OpenVolume>> open(std::string_view namespace_name,
                                                         std::string_view activation_id,
                                                         const hints::Volume& volume,
                                                         uid_t uid) = 0;
};

}  // namespace storage
