// The durable tree of a volume as values: what a name leads to, what an attempt read, what it
// changes. The tree itself is storage_tree's; what an attempt sees is storage_overlay's.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace storage {

// Unique in a volume for ever: numbers are never used again. 40 bits, so that a FUSE node id can
// hold an attempt's number beside one.
using InodeNumber = std::uint64_t;
inline constexpr InodeNumber kRootInode = 1;
inline constexpr InodeNumber kInodeMax = (std::uint64_t{1} << 40) - 1;

// Per volume; the first published transaction has 1, and an empty volume is at 0.
using CommitNumber = std::uint64_t;

enum class FileType : std::uint8_t { kRegular, kDirectory, kSymlink, kFifo, kSocket };

// The S_IF... bits of a file's mode.
mode_t type_bits(FileType type);
// What mknod(2) makes of a mode; nothing for devices, which have no place in a volume, and for what
// it cannot make.
std::optional<FileType> type_for_mknod(mode_t mode);

// Nanoseconds since 1970-01-01T00:00Z.
using FileTime = std::chrono::sys_time<std::chrono::nanoseconds>;

struct Attributes {
  FileType type = FileType::kRegular;
  mode_t permissions = 0644;  // 07777 at most
  uid_t uid = 0;
  gid_t gid = 0;
  FileTime accessed{}, modified{}, changed{};
  std::map<std::string, std::string> xattrs;

  bool operator==(const Attributes&) const = default;
};

// Where a regular file's bytes are. Small ones are inline; others in data objects
// "d.<inode>.<writer>.<n>", which are written once and never changed: `writer` names the attempt
// that wrote them.
inline constexpr std::uint64_t kInlineBytesMax = 16 << 10;
inline constexpr std::uint64_t kDataObjectBytes = 4 << 20;

struct Content {
  std::uint64_t size = 0;
  std::string bytes;   // the whole content when `writer` is empty (and the target of a symlink)
  std::string writer;  // a name without '.' or '/', at most 64 bytes
  // The data objects that exist; one that is missing here is a hole. Sorted, disjoint, not
  // touching.
  struct Run {
    std::uint64_t first = 0, count = 0;
    bool operator==(const Run&) const = default;
  };
  std::vector<Run> objects;

  bool operator==(const Content&) const = default;
};

// What one name in a directory leads to. A file with several names, and every name of a file that
// ever had several, leads to one record that is shared: see storage_tree's README.
struct Entry {
  InodeNumber inode = 0;
  Attributes attributes;
  Content content;             // regular files and symlinks
  std::uint32_t links = 1;     // names of a file; of a directory 2 and its subdirectories
  CommitNumber committed = 0;  // that gave the entry this value

  bool operator==(const Entry&) const = default;
};

// A name in a directory. Names hold any bytes but '/' and NUL, 1 to 255 of them. The volume's root,
// which is in no directory, is under kRootKey.
struct NameKey {
  InodeNumber directory = kRootInode;
  std::string name;

  auto operator<=>(const NameKey&) const = default;
};

inline const NameKey kRootKey{0, ""};

// What an attempt depended on; what of it is checked at commit, the isolation decides.
struct ReadSet {
  std::map<NameKey, CommitNumber> names;            // 0: was not there
  std::map<InodeNumber, CommitNumber> directories;  // listed whole, at this commit
  std::set<InodeNumber> files;  // whose content or attributes were read, whatever their names
};

// What changes of a directory when names in it do. Not a value but a step, which is in nobody's
// way: two attempts that made different files in one directory do not meet in it.
struct DirectoryStep {
  FileTime modified{};              // `modified` and `changed` become at least this
  std::int32_t subdirectories = 0;  // added to `links`

  bool operator==(const DirectoryStep&) const = default;
};

// What an attempt changes; applied whole or not at all. Absent: the name is removed.
struct WriteSet {
  std::string activation;  // the activation's id: what makes a second commit of it harmless
  // Of the data objects: activation and attempt. Used for one commit: what publishes several times
  // has a name for each.
  std::string writer;
  std::map<NameKey, std::optional<Entry>> names;
  std::set<InodeNumber> removed_directories;  // must be empty at the commit, too
  // Names that were written, by the commit that they were seen at in the snapshot (0: not there).
  std::map<NameKey, CommitNumber> seen;

  // Of directories that are there before and after, and whose own entry is not in `names`.
  std::map<InodeNumber, DirectoryStep> directories;

  // Files with several names before or after (a name of theirs may be unknown to the attempt): the
  // new values, valid for every name; links == 0 when the last name went. `names` holds only the
  // names that were made or removed.
  std::map<InodeNumber, Entry> shared;
  std::map<InodeNumber, CommitNumber> seen_shared;  // as `seen`: the Entry::committed of each
};

}  // namespace storage
