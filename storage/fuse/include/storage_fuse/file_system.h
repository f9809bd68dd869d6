// What serves a mount: one method for each thing that the kernel asks.
//
// Threads: methods are called by a few threads at once (SessionOptions), for requests of any
// process in any order; the kernel orders only what POSIX orders. A method must not wait for
// anything but the node's own disks: it keeps the reply and returns, and answers from another
// thread later. A method must never touch the mount that it serves.
//
// Errors: Reply::fail(errno). ENOSYS means "not in this file system", and most operations are then
// never asked for again, also of a successor; it is what every method here says.
//
// Restarts: a daemon that takes over a mount meets nodes that its predecessor told the kernel of,
// files and directories that are open, and requests that come a second time (Reply::resent). The
// mirror of tests/storage_fuse shows a small file system that does all this.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "storage_fuse/reply.h"
#include "storage_fuse/values.h"

namespace storage_fuse {

// What the kernel and the session can do together.
struct Abilities {
  bool passthrough = false;  // Opened::backing is used
  bool resumed = false;      // a predecessor served this mount
};

// Names are 1 to 255 bytes, any but '/' and NUL, and never "." or "..". String views and spans that
// come in are valid until the method returns.
class FileSystem {
 public:
  virtual ~FileSystem() = default;

  // Before the first request. Not again for the same object.
  virtual void start(const Abilities&) {}

  // Names and nodes. Every Node with an id that is given as an answer (lookup, mknod, mkdir,
  // symlink, link, create, tmpfile, readdir with attributes) adds one to what the kernel knows of
  // it. The kernel may use a node until forget() has taken away as much as was added; a successor
  // does not know what its predecessor added, so it may be told to forget more than it counted.
  // The root is never looked up and never forgotten.
  virtual void lookup(NodeId parent, std::string_view name, Reply<Node> reply);
  virtual void forget(NodeId node, std::uint64_t lookups);

  virtual void getattr(NodeId node, Reply<Attributes> reply);
  virtual void setattr(NodeId node, const AttributeChange& change, Reply<Attributes> reply);
  // The kernel keeps targets; it believes st_size, which must be the target's length.
  virtual void readlink(NodeId node, Reply<std::string_view> reply);

  // What is made belongs to reply.caller(), or to the parent's group where the parent has S_ISGID
  // (a directory then gets that bit, too). The mode has the umask applied.
  virtual void mknod(NodeId parent, std::string_view name, mode_t mode, dev_t device,
                     Reply<Node> reply);
  virtual void mkdir(NodeId parent, std::string_view name, mode_t mode, Reply<Node> reply);
  virtual void symlink(NodeId parent, std::string_view name, std::string_view target,
                       Reply<Node> reply);
  virtual void link(NodeId node, NodeId new_parent, std::string_view new_name, Reply<Node> reply);
  virtual void unlink(NodeId parent, std::string_view name, Reply<Done> reply);
  virtual void rmdir(NodeId parent, std::string_view name, Reply<Done> reply);
  // `flags` as in renameat2(2): 0, RENAME_NOREPLACE or RENAME_EXCHANGE; EINVAL for others.
  virtual void rename(NodeId parent, std::string_view name, NodeId new_parent,
                      std::string_view new_name, unsigned flags, Reply<Done> reply);

  // Files. Each open, create and tmpfile that was answered is ended by one release; each close(2)
  // of a descriptor before that by a flush, whose error close(2) returns.
  virtual void open(NodeId node, const OpenHow& how, Reply<Opened> reply);
  virtual void create(NodeId parent, std::string_view name, mode_t mode, const OpenHow& how,
                      Reply<Created> reply);
  virtual void tmpfile(NodeId parent, mode_t mode, const OpenHow& how, Reply<Created> reply);
  // Fewer bytes than asked for mean the end of the file.
  virtual void read(NodeId node, Handle handle, std::uint64_t offset, std::size_t bytes,
                    Reply<Bytes> reply);
  virtual void write(NodeId node, Handle handle, std::uint64_t offset,
                     std::span<const std::byte> bytes, const WriteHow& how, Reply<Count> reply);
  virtual void flush(NodeId node, Handle handle, std::uint64_t lock_owner, Reply<Done> reply);
  virtual void release(NodeId node, Handle handle, int flags, Reply<Done> reply);
  virtual void fsync(NodeId node, Handle handle, bool data_only, Reply<Done> reply);
  // `mode` as in fallocate(2).
  virtual void fallocate(NodeId node, Handle handle, int mode, std::uint64_t offset,
                         std::uint64_t length, Reply<Done> reply);
  // `whence` is SEEK_DATA or SEEK_HOLE.
  virtual void lseek(NodeId node, Handle handle, std::uint64_t offset, int whence,
                     Reply<Count> reply);
  virtual void copy_file_range(NodeId from, Handle from_handle, std::uint64_t from_offset,
                               NodeId to, Handle to_handle, std::uint64_t to_offset,
                               std::uint64_t length, Reply<Count> reply);

  // Directories.
  virtual void opendir(NodeId node, Reply<OpenedDirectory> reply);
  // Fills `page` from `offset` (0: the beginning) and answers with it; empty at the end.
  virtual void readdir(NodeId node, Handle handle, std::uint64_t offset, DirectoryPage page,
                       Reply<DirectoryPage> reply);
  virtual void releasedir(NodeId node, Handle handle, Reply<Done> reply);
  virtual void fsyncdir(NodeId node, Handle handle, bool data_only, Reply<Done> reply);

  virtual void statfs(NodeId node, Reply<struct statvfs> reply);

  // Extended attributes; `flags` as in setxattr(2). get and list answer with everything there is:
  // the session says ERANGE or the size where that is what was asked. ENODATA: there is none.
  virtual void setxattr(NodeId node, std::string_view name, std::span<const std::byte> value,
                        int flags, Reply<Done> reply);
  virtual void getxattr(NodeId node, std::string_view name, Reply<Bytes> reply);
  virtual void listxattr(NodeId node, Reply<Bytes> reply);  // names, each with a NUL behind it
  virtual void removexattr(NodeId node, std::string_view name, Reply<Done> reply);

  // Locks come here only where SessionOptions::locks_by_file_system says so; else the kernel keeps
  // them, exactly, for the processes of this node. With `wait`, the request is parked until the
  // lock is free. `operation` as in flock(2), without LOCK_NB.
  virtual void getlk(NodeId node, Handle handle, std::uint64_t owner, const FileLock& lock,
                     Reply<FileLock> reply);
  virtual void setlk(NodeId node, Handle handle, std::uint64_t owner, const FileLock& lock,
                     bool wait, Reply<Done> reply);
  virtual void flock(NodeId node, Handle handle, std::uint64_t owner, int operation, bool wait,
                     Reply<Done> reply);
};

}  // namespace storage_fuse
