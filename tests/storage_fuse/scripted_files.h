// A file system of a few nodes that writes down what it is asked.
#pragma once

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <sstream>
#include <string>
#include <vector>

#include "storage_fuse/file_system.h"

namespace storage_fuse {

// The root has "file" (2), "dir" (3) and "link" (4); what is made is 5.
class ScriptedFiles final : public FileSystem {
 public:
  std::vector<std::string> take_notes() {
    const std::lock_guard lock(mutex_);
    return std::exchange(notes_, {});
  }
  bool has_note(const std::string& text) {
    const std::lock_guard lock(mutex_);
    return std::find(notes_.begin(), notes_.end(), text) != notes_.end();
  }
  // Each name is asked anew, each time.
  std::atomic<Timeout> valid{Timeout{0}};

  void lookup(NodeId parent, std::string_view name, Reply<Node> reply) override {
    const bool root = parent == kRootNode;
    if (root && name == "file") return reply.ok(node(2, S_IFREG | 0666));
    if (root && name == "dir") return reply.ok(node(3, S_IFDIR | 0755));
    if (root && name == "link") return reply.ok(node(4, S_IFLNK | 0777));
    note("lookup", parent, name);
    reply.fail(ENOENT);
  }
  void forget(NodeId id, std::uint64_t lookups) override { note("forget", id, lookups); }
  void getattr(NodeId id, Reply<Attributes> reply) override {
    const bool directory = id == kRootNode || id == 3;
    const mode_t mode = directory ? S_IFDIR | 0777 : id == 4 ? S_IFLNK | 0777 : S_IFREG | 0666;
    reply.ok(node(id, mode).attributes);
  }
  void setattr(NodeId id, const AttributeChange& change, Reply<Attributes> reply) override {
    std::ostringstream what;
    if (change.mode) what << " mode " << std::oct << *change.mode << std::dec;
    if (change.uid) what << " uid " << *change.uid;
    if (change.gid) what << " gid " << *change.gid;
    if (change.size) what << " size " << *change.size;
    if (change.accessed) what << " accessed " << time_text(*change.accessed);
    if (change.modified) what << " modified " << time_text(*change.modified);
    if (change.kill_set_ids) what << " kill";
    note("setattr", id, what.str());
    reply.ok(node(id, S_IFREG | 0666).attributes);
  }
  void readlink(NodeId id, Reply<std::string_view> reply) override {
    note("readlink", id);
    reply.ok("the target");
  }
  void mknod(NodeId parent, std::string_view name, mode_t mode, dev_t device,
             Reply<Node> reply) override {
    note("mknod", parent, name, mode, device, reply.caller().uid, reply.caller().gid);
    reply.ok(node(5, mode));
  }
  void mkdir(NodeId parent, std::string_view name, mode_t mode, Reply<Node> reply) override {
    note("mkdir", parent, name, mode, "umask", reply.caller().umask);
    reply.ok(node(5, S_IFDIR | mode));
  }
  void symlink(NodeId parent, std::string_view name, std::string_view target,
               Reply<Node> reply) override {
    note("symlink", parent, name, "to", target);
    reply.ok(node(5, S_IFLNK | 0777));
  }
  void link(NodeId id, NodeId parent, std::string_view name, Reply<Node> reply) override {
    note("link", id, parent, name);
    reply.ok(node(id, S_IFREG | 0666));
  }
  void unlink(NodeId parent, std::string_view name, Reply<Done> reply) override {
    note("unlink", parent, name);
    reply.ok();
  }
  void rmdir(NodeId parent, std::string_view name, Reply<Done> reply) override {
    note("rmdir", parent, name);
    reply.ok();
  }
  void rename(NodeId parent, std::string_view name, NodeId new_parent, std::string_view new_name,
              unsigned flags, Reply<Done> reply) override {
    note("rename", parent, name, new_parent, new_name, flags);
    reply.ok();
  }
  void open(NodeId id, const OpenHow& how, Reply<Opened> reply) override {
    note("open", id, flags_text(how.flags), how.kill_set_ids ? "kill" : "keep");
    Opened opened;
    opened.handle = kHandle;
    opened.direct_io = true;
    reply.ok(std::move(opened));
  }
  void create(NodeId parent, std::string_view name, mode_t mode, const OpenHow& how,
              Reply<Created> reply) override {
    note("create", parent, name, mode, flags_text(how.flags), reply.caller().uid);
    made(mode, std::move(reply));
  }
  void tmpfile(NodeId parent, mode_t mode, const OpenHow& how, Reply<Created> reply) override {
    note("tmpfile", parent, mode, flags_text(how.flags));
    made(mode, std::move(reply));
  }
  void read(NodeId id, Handle handle, std::uint64_t offset, std::size_t bytes,
            Reply<Bytes> reply) override {
    note("read", id, handle == kHandle, offset, bytes);
    reply.ok(std::as_bytes(std::span("content", 7)));
  }
  void write(NodeId id, Handle handle, std::uint64_t offset, std::span<const std::byte> bytes,
             const WriteHow& how, Reply<Count> reply) override {
    note("write", id, handle == kHandle, offset,
         std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()),
         how.kill_set_ids ? "kill" : "keep");
    reply.ok(bytes.size());
  }
  void flush(NodeId id, Handle handle, std::uint64_t, Reply<Done> reply) override {
    note("flush", id, handle == kHandle);
    reply.ok();
  }
  void release(NodeId id, Handle handle, int flags, Reply<Done> reply) override {
    note("release", id, handle == kHandle, flags_text(flags));
    reply.ok();
  }
  void fsync(NodeId id, Handle, bool data_only, Reply<Done> reply) override {
    note("fsync", id, data_only);
    reply.ok();
  }
  void fallocate(NodeId id, Handle, int mode, std::uint64_t offset, std::uint64_t length,
                 Reply<Done> reply) override {
    note("fallocate", id, mode, offset, length);
    reply.ok();
  }
  void lseek(NodeId id, Handle, std::uint64_t offset, int whence, Reply<Count> reply) override {
    note("lseek", id, offset, whence == SEEK_HOLE ? "hole" : "data");
    reply.ok(4711);
  }
  void copy_file_range(NodeId from, Handle, std::uint64_t from_offset, NodeId to, Handle,
                       std::uint64_t to_offset, std::uint64_t length, Reply<Count> reply) override {
    note("copy", from, from_offset, to, to_offset, length);
    reply.ok(3);
  }
  void opendir(NodeId id, Reply<OpenedDirectory> reply) override {
    note("opendir", id);
    reply.ok({kHandle});
  }
  void readdir(NodeId id, Handle handle, std::uint64_t offset, DirectoryPage page,
               Reply<DirectoryPage> reply) override {
    if (offset == 0) note("readdir", id, handle == kHandle);
    if (offset == 0) page.add_bare("entry", 9, S_IFREG, 1);
    reply.ok(std::move(page));
  }
  void releasedir(NodeId id, Handle handle, Reply<Done> reply) override {
    note("releasedir", id, handle == kHandle);
    reply.ok();
  }
  void fsyncdir(NodeId id, Handle, bool data_only, Reply<Done> reply) override {
    note("fsyncdir", id, data_only);
    reply.ok();
  }
  void statfs(NodeId id, Reply<struct statvfs> reply) override {
    note("statfs", id);
    struct statvfs figures{};
    figures.f_bsize = figures.f_frsize = 512;
    figures.f_blocks = 1234;
    figures.f_namemax = 255;
    reply.ok(figures);
  }
  void setxattr(NodeId id, std::string_view name, std::span<const std::byte> value, int flags,
                Reply<Done> reply) override {
    note("setxattr", id, name, value.size(), flags);
    reply.ok();
  }
  void getxattr(NodeId id, std::string_view name, Reply<Bytes> reply) override {
    if (name != "user.a") return reply.fail(ENODATA);
    note("getxattr", id, name);
    reply.ok(std::as_bytes(std::span("12345", 5)));
  }
  void listxattr(NodeId id, Reply<Bytes> reply) override {
    note("listxattr", id);
    reply.ok(std::as_bytes(std::span("user.a\0user.b", 14)));
  }
  void removexattr(NodeId id, std::string_view name, Reply<Done> reply) override {
    note("removexattr", id, name);
    reply.ok();
  }
  void getlk(NodeId id, Handle, std::uint64_t, const FileLock& lock,
             Reply<FileLock> reply) override {
    note("getlk", id, lock.start, lock.end);
    reply.ok({F_RDLCK, 10, 19, 77});
  }
  void setlk(NodeId id, Handle, std::uint64_t, const FileLock& lock, bool wait,
             Reply<Done> reply) override {
    note("setlk", id, lock.type == F_WRLCK ? "write" : "other", lock.start, lock.end, wait);
    reply.ok();
  }
  void flock(NodeId id, Handle, std::uint64_t, int operation, bool wait,
             Reply<Done> reply) override {
    note("flock", id, operation == LOCK_EX ? "exclusive" : "other", wait);
    reply.ok();
  }

 private:
  static constexpr Handle kHandle = kHandleMax;

  Node node(NodeId id, mode_t mode) const {
    Node result;
    result.id = id;
    result.attributes.stat.st_ino = id;
    result.attributes.stat.st_mode = mode;
    result.attributes.stat.st_nlink = 1;
    result.attributes.stat.st_size = S_ISLNK(mode) ? 10 : 7;
    result.attributes.valid = result.name_valid = valid.load();
    return result;
  }
  void made(mode_t mode, Reply<Created> reply) {
    Created created;
    created.node = node(5, S_IFREG | mode);
    created.file.handle = kHandle;
    reply.ok(std::move(created));
  }
  static std::string time_text(const SetTime& time) {
    if (time.now) return "now";
    return std::to_string(time.at.tv_sec) + "." + std::to_string(time.at.tv_nsec);
  }
  static std::string flags_text(int flags) {
    std::string text = (flags & O_ACCMODE) == O_RDONLY   ? "r"
                       : (flags & O_ACCMODE) == O_WRONLY ? "w"
                                                         : "rw";
    if ((flags & O_TRUNC) != 0) text += " trunc";
    if ((flags & O_CREAT) != 0) text += " creat";
    if ((flags & O_EXCL) != 0) text += " excl";
    return text;
  }
  template <typename... Parts>
  void note(const Parts&... parts) {
    std::ostringstream line;
    const char* gap = "";
    ((line << gap << parts, gap = " "), ...);
    const std::lock_guard lock(mutex_);
    notes_.push_back(line.str());
  }

  std::mutex mutex_;
  std::vector<std::string> notes_;
};

}  // namespace storage_fuse
