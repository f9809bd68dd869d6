// What the kernel and a file system of ours say to each other, as values.
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/unique_fd.h"

namespace storage_fuse {

// Names a node for as long as the mount lives, also over restarts of the daemon. The file system
// chooses it; 0 is no node.
using NodeId = std::uint64_t;
inline constexpr NodeId kRootNode = 1;

// Names one open file or directory; the file system chooses it. Best is 0, with all state kept by
// node: a handle must mean the same after a restart of the daemon. At most 62 bits.
using Handle = std::uint64_t;
inline constexpr Handle kHandleMax = (std::uint64_t{1} << 62) - 1;

// Who asks. The kernel has checked permissions already (default_permissions). Where mounts show
// files under other ids (idmapped mounts, Linux 6.12), uid and gid are told only to what makes a
// file (mknod, mkdir, symlink, create, tmpfile), as the ids to be stored; elsewhere they are
// uid_t(-1). `umask` is told to those, too, and is applied to their modes already. `pid` is 0 where
// the process is in a namespace that the mount cannot see.
struct Caller {
  uid_t uid = 0;
  gid_t gid = 0;
  pid_t pid = 0;
  mode_t umask = 0;
};

// The supplementary groups of the process that asks, as it has them now. Empty where it is gone.
// Rarely needed: the kernel has looked at them when it checked permissions and set-gid bits.
std::vector<gid_t> supplementary_groups(const Caller& caller);

using Timeout = std::chrono::nanoseconds;
inline constexpr Timeout kForever = std::chrono::hours(24 * 365);

// `stat.st_ino` is what users see. The kernel may answer from these for `valid`, and counts the
// size by itself while a file is open with a backing descriptor.
struct Attributes {
  struct stat stat{};
  Timeout valid = kForever;
};

// What a name leads to. With id 0 it leads nowhere, and the kernel may believe that for
// `name_valid` (an error ENOENT is not remembered).
struct Node {
  NodeId id = 0;
  std::uint64_t generation = 1;  // together with id, unique for the life of the mount
  Attributes attributes;
  Timeout name_valid = kForever;
};

// The answer to open, create and tmpfile.
//
// With `backing`, reads, writes and maps of the file go to that file in the kernel, and the file
// system does not see them. One backing file per node while the node is open anywhere: when it has
// one already, a descriptor given here is not looked at (it must be of the same file). The session
// registers, counts and closes it; how it was opened (read-only, say) does not matter. The file
// system must be able to serve read and write all the same: where the kernel has no passthrough,
// and for opens that meet one without backing, requests come to it.
struct Opened {
  Handle handle = 0;
  base::UniqueFd backing;
  // read(2) and write(2) of this open come to the file system, past the page cache; maps and other
  // opens still use the backing file. For readers that must wait at the end of a growing file, and
  // for writable opens of files with set-id bits: writes in the kernel do not clear those.
  bool direct_io = false;
  bool keep_cache = false;       // without backing: pages cached by earlier opens are still right
  bool no_flush = false;         // close(2) needs no answer from flush()
  bool parallel_writes = false;  // direct_io: writes need not come one after the other
  bool non_seekable = false;
};

struct Created {
  Node node;
  Opened file;
};

struct OpenedDirectory {
  Handle handle = 0;
  bool cache = false;       // the kernel may keep the listing ...
  bool keep_cache = false;  // ... and use the one that it kept
};

// How a file is opened. `flags` are those of open(2); O_TRUNC is done by the file system, O_CREAT
// and O_EXCL never come here, O_APPEND is done by the kernel.
struct OpenHow {
  int flags = 0;
  bool kill_set_ids = false;  // clear S_ISUID, and S_ISGID of group-executable files, with O_TRUNC
  bool exclusive = true;      // create: with O_EXCL, so that a name that is there is an error
};

struct WriteHow {
  bool kill_set_ids = false;     // as above, with this write
  bool from_page_cache = false;  // of a shared map; who wrote is not known
};

struct SetTime {
  bool now = false;
  timespec at{};  // unless now
};

// What setattr shall change. Permissions were checked; ctime changes with every part.
struct AttributeChange {
  std::optional<mode_t> mode;
  std::optional<uid_t> uid;
  std::optional<gid_t> gid;
  std::optional<std::uint64_t> size;
  std::optional<SetTime> accessed;
  std::optional<SetTime> modified;
  std::optional<timespec> changed;
  std::optional<Handle> handle;  // of ftruncate(2), where the kernel tells
  // Clear S_ISUID, and S_ISGID of group-executable files. Changing the owner or group clears them
  // in any case, for files that are not directories.
  bool kill_set_ids = false;
};

// A POSIX lock of fcntl(2). `end` is inclusive.
struct FileLock {
  short type = 0;  // F_RDLCK, F_WRLCK, F_UNLCK
  std::uint64_t start = 0, end = 0;
  pid_t pid = 0;
};

// One page of a listing, filled by the file system in its own order.
class DirectoryPage {
 public:
  DirectoryPage(std::size_t bytes_max, bool with_attributes)
      : bytes_max_(bytes_max), with_attributes_(with_attributes) {}

  // Whether the kernel wants attributes (readdirplus). Then each entry that was added by add(), but
  // "." and "..", counts as a lookup of its node, once the page is the answer.
  bool with_attributes() const { return with_attributes_; }

  // False, and nothing is added, when there is no room. `next_offset` is where a listing goes on
  // after this entry: never 0, and right for as long as the directory is open, whatever is added
  // or removed meanwhile, also over restarts of the daemon.
  bool add(std::string_view name, const Node& node, std::uint64_t next_offset);
  // An entry whose attributes are not at hand: never counts as a lookup. `type` as in st_mode.
  bool add_bare(std::string_view name, ino_t ino, mode_t type, std::uint64_t next_offset);

  // In the kernel's format.
  std::span<const std::byte> bytes() const { return bytes_; }
  // The nodes that this page looks up.
  std::span<const NodeId> looked_up() const { return looked_up_; }

 private:
  bool append(std::string_view name, const Node* node, ino_t ino, mode_t type,
              std::uint64_t next_offset);

  std::size_t bytes_max_;
  bool with_attributes_;
  std::vector<std::byte> bytes_;
  std::vector<NodeId> looked_up_;
};

}  // namespace storage_fuse
