// What every node knows of an ephemeral file and its names, and how the store keeps it.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "storage/tree.h"
#include "storage_ephemeral/file_state.h"

namespace storage_ephemeral {

// How long a file stays. What has ended is ENOENT everywhere.
struct Lifetime {
  enum class Kind : std::uint8_t { kActivation, kSession, kTtl, kVolume } kind = Kind::kActivation;
  std::string owner;       // the attempt, or the session
  base::WallTime expires;  // kTtl

  bool operator==(const Lifetime&) const = default;
};

// Whether a file's time is over by the clock alone.
inline bool expired(const Lifetime& lifetime, base::WallTime now) {
  return lifetime.kind == Lifetime::Kind::kTtl && lifetime.expires <= now;
}

// One inode: a file with its latest version, a directory, a symlink, a fifo or a socket. Only the
// node that made it, or wrote it last, changes it; but anybody may poison what is unfinished.
struct InodeRecord {
  storage::Attributes attributes;
  std::string target;  // of a symlink
  Lifetime lifetime;
  SealWhen seal = SealWhen::kActivation;
  std::uint32_t copies = 1;
  // Regular files:
  std::uint32_t version = 1;
  FileState state = FileState::kWriting;
  PoisonReason reason = PoisonReason::kNone;
  std::uint64_t size = 0;      // kSealed: exact; before: as last heard
  std::uint64_t checksum = 0;  // kSealed: content_checksum() of all bytes
  NodeName writer;             // the node that makes this version
  Attempt attempt;             // that writes it

  bool operator==(const InodeRecord&) const = default;
};

// What a name leads to.
struct Entry {
  storage::InodeNumber inode = 0;
  InodeRecord record;
  std::uint32_t links = 0;     // names that lead to it
  std::set<NodeName> holders;  // nodes that have all bytes of `version`, verified

  bool operator==(const Entry&) const = default;
};

// The bytes in the store and in the journal. Errors of decode: kDataLoss.
std::string encode(const InodeRecord& record);
base::Result<InodeRecord> decode_inode_record(std::string_view bytes);

// The keys of the object kNamesObject of a volume:
//   n/DIRECTORY/NAME        -> the inode's number
//   i/INODE                 -> InodeRecord
//   h/INODE/VERSION/NODE    -> "1": NODE has all bytes of this version
//   s/NODE                  -> how many batches NODE has published, in 8 bytes
// Numbers are hexadecimal with leading zeros, so that listings are sorted.
inline constexpr std::string_view kNamesObject = "ephemeral";

struct RecordKey {
  enum class Kind : std::uint8_t { kInode, kHolder, kName, kSequence } kind = Kind::kInode;
  storage::InodeNumber inode = 0;  // kName: of the directory
  std::uint32_t version = 0;       // kHolder
  std::string name;                // kName: the name; kHolder, kSequence: the node

  auto operator<=>(const RecordKey&) const = default;
};
std::string encode(const RecordKey& key);
base::Result<RecordKey> decode_record_key(std::string_view bytes);

}  // namespace storage_ephemeral
