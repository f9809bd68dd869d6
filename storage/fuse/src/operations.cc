#include "operations.h"

#include <fcntl.h>

#include <optional>

#include "core.h"
#include "incoming.h"
#include "session_request.h"

namespace storage_fuse {

const Incoming*& current_incoming() {
  thread_local const Incoming* incoming = nullptr;
  return incoming;
}

namespace {

Core& core_of(fuse_req_t request) { return *static_cast<Core*>(::fuse_req_userdata(request)); }
FileSystem& files_of(fuse_req_t request) { return core_of(request).files; }

template <typename T>
Reply<T> reply_to(fuse_req_t request, int open_flags = 0,
                  std::optional<std::uint32_t> attribute_bytes_max = std::nullopt) {
  const fuse_in_header& header = current_incoming()->header();
  return Reply<T>(std::make_unique<SessionRequest>(
      core_of(request).shared_from_this(), request,
      SessionRequest::About{header.opcode, header.nodeid, header.unique, open_flags,
                            attribute_bytes_max}));
}

std::span<const std::byte> bytes_of(const char* data, std::size_t size) {
  return {reinterpret_cast<const std::byte*>(data), size};
}

void lookup(fuse_req_t request, fuse_ino_t parent, const char* name) {
  files_of(request).lookup(parent, name, reply_to<Node>(request));
}

void forget(fuse_req_t request, fuse_ino_t node, std::uint64_t lookups) {
  files_of(request).forget(node, lookups);
  ::fuse_reply_none(request);
}

void forget_multi(fuse_req_t request, std::size_t count, fuse_forget_data* forgets) {
  for (const auto& one : std::span(forgets, count)) {
    files_of(request).forget(one.ino, one.nlookup);
  }
  ::fuse_reply_none(request);
}

void getattr(fuse_req_t request, fuse_ino_t node, fuse_file_info*) {
  files_of(request).getattr(node, reply_to<Attributes>(request));
}

std::optional<SetTime> time_of(std::uint32_t valid, std::uint32_t set, std::uint32_t now,
                               std::uint64_t seconds, std::uint32_t nanoseconds) {
  if ((valid & set) == 0) return std::nullopt;
  if ((valid & now) != 0) return SetTime{.now = true};
  return SetTime{.at = {static_cast<time_t>(seconds), static_cast<long>(nanoseconds)}};
}

AttributeChange change_of(const fuse_setattr_in& in) {
  constexpr std::uint32_t kKillSetIds = 1U << 11;  // FATTR_KILL_SUIDGID
  AttributeChange change;
  if (in.valid & FATTR_MODE) change.mode = in.mode & 07777;
  if (in.valid & FATTR_UID) change.uid = in.uid;
  if (in.valid & FATTR_GID) change.gid = in.gid;
  if (in.valid & FATTR_SIZE) change.size = in.size;
  if (in.valid & FATTR_FH) change.handle = in.fh;
  change.accessed = time_of(in.valid, FATTR_ATIME, FATTR_ATIME_NOW, in.atime, in.atimensec);
  change.modified = time_of(in.valid, FATTR_MTIME, FATTR_MTIME_NOW, in.mtime, in.mtimensec);
  if (in.valid & FATTR_CTIME) {
    change.changed = timespec{static_cast<time_t>(in.ctime), static_cast<long>(in.ctimensec)};
  }
  change.kill_set_ids = (in.valid & kKillSetIds) != 0;
  return change;
}

// NOLINTNEXTLINE(readability-non-const-parameter): libfuse's signature
void setattr(fuse_req_t request, fuse_ino_t node, struct stat*, int, fuse_file_info*) {
  files_of(request).setattr(node, change_of(current_incoming()->body<fuse_setattr_in>()),
                            reply_to<Attributes>(request));
}

void readlink(fuse_req_t request, fuse_ino_t node) {
  files_of(request).readlink(node, reply_to<std::string_view>(request));
}

void mknod(fuse_req_t request, fuse_ino_t parent, const char* name, mode_t mode, dev_t device) {
  files_of(request).mknod(parent, name, mode, device, reply_to<Node>(request));
}

void mkdir(fuse_req_t request, fuse_ino_t parent, const char* name, mode_t mode) {
  files_of(request).mkdir(parent, name, mode & 07777, reply_to<Node>(request));
}

void symlink(fuse_req_t request, const char* target, fuse_ino_t parent, const char* name) {
  files_of(request).symlink(parent, name, target, reply_to<Node>(request));
}

void link(fuse_req_t request, fuse_ino_t node, fuse_ino_t parent, const char* name) {
  files_of(request).link(node, parent, name, reply_to<Node>(request));
}

void unlink(fuse_req_t request, fuse_ino_t parent, const char* name) {
  files_of(request).unlink(parent, name, reply_to<Done>(request));
}

void rmdir(fuse_req_t request, fuse_ino_t parent, const char* name) {
  files_of(request).rmdir(parent, name, reply_to<Done>(request));
}

void rename(fuse_req_t request, fuse_ino_t parent, const char* name, fuse_ino_t new_parent,
            const char* new_name, unsigned flags) {
  files_of(request).rename(parent, name, new_parent, new_name, flags, reply_to<Done>(request));
}

constexpr std::uint32_t kOpenKillSetIds = 1U << 0;   // FUSE_OPEN_KILL_SUIDGID
constexpr std::uint32_t kWriteKillSetIds = 1U << 2;  // FUSE_WRITE_KILL_SUIDGID

void open(fuse_req_t request, fuse_ino_t node, fuse_file_info* info) {
  const auto in = current_incoming()->body<fuse_open_in>();
  files_of(request).open(node, {info->flags, (in.open_flags & kOpenKillSetIds) != 0},
                         reply_to<Opened>(request, info->flags));
}

void create(fuse_req_t request, fuse_ino_t parent, const char* name, mode_t mode,
            fuse_file_info* info) {
  const auto in = current_incoming()->body<fuse_create_in>();
  const OpenHow how{info->flags & ~(O_CREAT | O_EXCL), (in.open_flags & kOpenKillSetIds) != 0,
                    (info->flags & O_EXCL) != 0};
  auto reply = reply_to<Created>(request, info->flags);
  if (current_incoming()->is_tmpfile()) {
    files_of(request).tmpfile(parent, mode & 07777, how, std::move(reply));
  } else {
    files_of(request).create(parent, name, mode & 07777, how, std::move(reply));
  }
}

void read(fuse_req_t request, fuse_ino_t node, std::size_t size, off_t offset,
          fuse_file_info* info) {
  files_of(request).read(node, info->fh, static_cast<std::uint64_t>(offset), size,
                         reply_to<Bytes>(request));
}

void write(fuse_req_t request, fuse_ino_t node, const char* data, std::size_t size, off_t offset,
           fuse_file_info* info) {
  const auto in = current_incoming()->body<fuse_write_in>();
  const WriteHow how{(in.write_flags & kWriteKillSetIds) != 0,
                     (in.write_flags & FUSE_WRITE_CACHE) != 0};
  files_of(request).write(node, info->fh, static_cast<std::uint64_t>(offset), bytes_of(data, size),
                          how, reply_to<Count>(request));
}

void flush(fuse_req_t request, fuse_ino_t node, fuse_file_info* info) {
  files_of(request).flush(node, info->fh, info->lock_owner, reply_to<Done>(request));
}

void release(fuse_req_t request, fuse_ino_t node, fuse_file_info* info) {
  files_of(request).release(node, info->fh, info->flags, reply_to<Done>(request));
}

void fsync(fuse_req_t request, fuse_ino_t node, int data_only, fuse_file_info* info) {
  files_of(request).fsync(node, info->fh, data_only != 0, reply_to<Done>(request));
}

void fallocate(fuse_req_t request, fuse_ino_t node, int mode, off_t offset, off_t length,
               fuse_file_info* info) {
  files_of(request).fallocate(node, info->fh, mode, static_cast<std::uint64_t>(offset),
                              static_cast<std::uint64_t>(length), reply_to<Done>(request));
}

void lseek(fuse_req_t request, fuse_ino_t node, off_t offset, int whence, fuse_file_info* info) {
  files_of(request).lseek(node, info->fh, static_cast<std::uint64_t>(offset), whence,
                          reply_to<Count>(request));
}

void copy_file_range(fuse_req_t request, fuse_ino_t from, off_t from_offset,
                     fuse_file_info* from_info, fuse_ino_t to, off_t to_offset,
                     fuse_file_info* to_info, std::size_t length, int) {
  files_of(request).copy_file_range(from, from_info->fh, static_cast<std::uint64_t>(from_offset),
                                    to, to_info->fh, static_cast<std::uint64_t>(to_offset), length,
                                    reply_to<Count>(request));
}

void opendir(fuse_req_t request, fuse_ino_t node, fuse_file_info*) {
  files_of(request).opendir(node, reply_to<OpenedDirectory>(request));
}

template <bool kWithAttributes>
void readdir(fuse_req_t request, fuse_ino_t node, std::size_t size, off_t offset,
             fuse_file_info* info) {
  files_of(request).readdir(node, info->fh, static_cast<std::uint64_t>(offset),
                            DirectoryPage(size, kWithAttributes), reply_to<DirectoryPage>(request));
}

void releasedir(fuse_req_t request, fuse_ino_t node, fuse_file_info* info) {
  files_of(request).releasedir(node, info->fh, reply_to<Done>(request));
}

void fsyncdir(fuse_req_t request, fuse_ino_t node, int data_only, fuse_file_info* info) {
  files_of(request).fsyncdir(node, info->fh, data_only != 0, reply_to<Done>(request));
}

void statfs(fuse_req_t request, fuse_ino_t node) {
  files_of(request).statfs(node, reply_to<struct statvfs>(request));
}

void setxattr(fuse_req_t request, fuse_ino_t node, const char* name, const char* value,
              std::size_t size, int flags) {
  files_of(request).setxattr(node, name, bytes_of(value, size), flags, reply_to<Done>(request));
}

void getxattr(fuse_req_t request, fuse_ino_t node, const char* name, std::size_t size) {
  files_of(request).getxattr(node, name,
                             reply_to<Bytes>(request, 0, static_cast<std::uint32_t>(size)));
}

void listxattr(fuse_req_t request, fuse_ino_t node, std::size_t size) {
  files_of(request).listxattr(node, reply_to<Bytes>(request, 0, static_cast<std::uint32_t>(size)));
}

void removexattr(fuse_req_t request, fuse_ino_t node, const char* name) {
  files_of(request).removexattr(node, name, reply_to<Done>(request));
}

FileLock lock_in_request() {
  const auto in = current_incoming()->body<fuse_lk_in>();
  return {static_cast<short>(in.lk.type), in.lk.start, in.lk.end, static_cast<pid_t>(in.lk.pid)};
}

// NOLINTNEXTLINE(readability-non-const-parameter): libfuse's signature
void getlk(fuse_req_t request, fuse_ino_t node, fuse_file_info* info, struct flock*) {
  files_of(request).getlk(node, info->fh, info->lock_owner, lock_in_request(),
                          reply_to<FileLock>(request));
}

// NOLINTNEXTLINE(readability-non-const-parameter): libfuse's signature
void setlk(fuse_req_t request, fuse_ino_t node, fuse_file_info* info, struct flock*, int wait) {
  files_of(request).setlk(node, info->fh, info->lock_owner, lock_in_request(), wait != 0,
                          reply_to<Done>(request));
}

void flock(fuse_req_t request, fuse_ino_t node, fuse_file_info* info, int operation) {
  files_of(request).flock(node, info->fh, info->lock_owner, operation & ~LOCK_NB,
                          (operation & LOCK_NB) == 0, reply_to<Done>(request));
}

}  // namespace

fuse_lowlevel_ops operations(bool with_locks) {
  fuse_lowlevel_ops ops{};
  ops.lookup = lookup;
  ops.forget = forget;
  ops.forget_multi = forget_multi;
  ops.getattr = getattr;
  ops.setattr = setattr;
  ops.readlink = readlink;
  ops.mknod = mknod;
  ops.mkdir = mkdir;
  ops.symlink = symlink;
  ops.link = link;
  ops.unlink = unlink;
  ops.rmdir = rmdir;
  ops.rename = rename;
  ops.open = open;
  ops.create = create;
  ops.read = read;
  ops.write = write;
  ops.flush = flush;
  ops.release = release;
  ops.fsync = fsync;
  ops.fallocate = fallocate;
  ops.lseek = lseek;
  ops.copy_file_range = copy_file_range;
  ops.opendir = opendir;
  ops.readdir = readdir<false>;
  ops.readdirplus = readdir<true>;
  ops.releasedir = releasedir;
  ops.fsyncdir = fsyncdir;
  ops.statfs = statfs;
  ops.setxattr = setxattr;
  ops.getxattr = getxattr;
  ops.listxattr = listxattr;
  ops.removexattr = removexattr;
  if (with_locks) {
    ops.getlk = getlk;
    ops.setlk = setlk;
    ops.flock = flock;
  }
  return ops;
}

}  // namespace storage_fuse
