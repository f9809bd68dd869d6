// What became of a commit, and what the tree tells people about itself.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "storage/tree.h"

namespace storage_tree {

struct Outcome {
  enum class Kind {
    kCommitted,       // by this call, or by an earlier one of the same attempt
    kAlreadyApplied,  // another attempt of the same activation was first: its effects stand
    kConflict,        // somebody else committed first; nothing of this attempt is visible
    kAborted,  // abort() was called for the attempt, or its session lapsed; nothing is visible
  };
  Kind kind = Kind::kCommitted;
  storage::CommitNumber number = 0;  // of the commit; of the winner where it is a conflict
  std::string winner;                // kConflict, kAlreadyApplied: the activation that was first
  storage::NameKey name;             // kConflict: where they met
  std::string reason;                // kConflict, kAborted: for people
};

// What came of the wish to store a piece of a file that is still written to.
enum class Early {
  kBegun,   // it is under way
  kBefore,  // it was begun once, or the file's upload was
  kNotNow,  // enough is under way
};

// Kept for a while after the commit: Options::activations_kept.
struct ActivationRecord {
  bool committed = false;
  storage::CommitNumber number = 0;
  std::string writer;  // of the attempt that was committed
  storage::FileTime time{};
  std::vector<std::string> aborted;  // writers of attempts that must not commit any more

  bool operator==(const ActivationRecord&) const = default;
};

struct CollectReport {
  std::uint64_t sessions = 0;      // that had lapsed
  std::uint64_t uploads = 0;       // of attempts that died
  std::uint64_t commits = 0;       // that no snapshot needs the log of any more
  std::uint64_t versions = 0;      // of entries that no snapshot can see any more
  std::uint64_t data_objects = 0;  // removed
  std::uint64_t activations = 0;   // records that grew old
  std::uint64_t splits = 0;        // of metadata objects that had grown large

  bool operator==(const CollectReport&) const = default;
};

// What a name led to from that commit on; nothing: it was removed then.
struct NameVersion {
  storage::CommitNumber number = 0;
  std::optional<storage::Entry> entry;
};

struct TreeStat {
  storage::CommitNumber head = 0;
  storage::CommitNumber horizon = 0;  // older snapshots cannot be read any more
  std::uint64_t keys = 0;             // in all metadata objects: versions of entries
  std::uint64_t shards = 1;
  std::uint64_t sessions = 0;
  std::uint64_t attempts_uploading = 0;
  std::uint64_t to_delete = 0;  // files whose data objects are waiting to be removed
};

struct Finding {
  enum class Kind {
    kDamaged,      // a value that cannot be understood
    kMissingData,  // a data object that an entry refers to
    kUnreachable,  // names in a directory that no name leads to
    kTwoNames,     // one inode under two names that do not know of each other
    kWrongLinks,   // a count of subdirectories or names
    kOrphanData,   // data objects that nothing refers to
    kOrphanShard,  // a metadata object that is not part of the tree
    kUnfinished,   // a commit that was decided and not carried out in full
    kMisplaced,    // a key that is not in the object where it belongs
  };
  Kind kind = Kind::kDamaged;
  std::string what;  // the object and key, and what is wrong
  bool repaired = false;
};

struct FsckReport {
  std::uint64_t directories = 0, files = 0, data_objects = 0;
  std::vector<Finding> findings;
  bool clean() const { return findings.empty(); }
};

}  // namespace storage_tree
