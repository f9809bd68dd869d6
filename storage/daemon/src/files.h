// What the kernel asks of the mount. Below its root, which the file system itself answers for, each
// attempt has a directory.
#pragma once

#include <memory>
#include <string>

#include "attempt_table.h"
#include "content_cache.h"
#include "drive.h"
#include "storage_fuse/file_system.h"

namespace storage_daemon {

struct FilesOptions {
  std::int64_t whole_file_bytes_max = 0;
};

class Files final : public storage_fuse::FileSystem {
 public:
  Files(AttemptTable& attempts, ContentCache& cache, FetchPool& pool, const base::Clock& clock,
        FilesOptions options)
      : attempts_(attempts), cache_(cache), pool_(pool), clock_(clock), options_(options) {}

  void lookup(NodeId parent, std::string_view name,
              storage_fuse::Reply<storage_fuse::Node> reply) override;
  void forget(NodeId node, std::uint64_t lookups) override;
  void getattr(NodeId node, storage_fuse::Reply<storage_fuse::Attributes> reply) override;
  void setattr(NodeId node, const storage_fuse::AttributeChange& change,
               storage_fuse::Reply<storage_fuse::Attributes> reply) override;
  void readlink(NodeId node, storage_fuse::Reply<std::string_view> reply) override;
  void mknod(NodeId parent, std::string_view name, mode_t mode, dev_t device,
             storage_fuse::Reply<storage_fuse::Node> reply) override;
  void mkdir(NodeId parent, std::string_view name, mode_t mode,
             storage_fuse::Reply<storage_fuse::Node> reply) override;
  void symlink(NodeId parent, std::string_view name, std::string_view target,
               storage_fuse::Reply<storage_fuse::Node> reply) override;
  void link(NodeId node, NodeId new_parent, std::string_view new_name,
            storage_fuse::Reply<storage_fuse::Node> reply) override;
  void unlink(NodeId parent, std::string_view name,
              storage_fuse::Reply<storage_fuse::Done> reply) override;
  void rmdir(NodeId parent, std::string_view name,
             storage_fuse::Reply<storage_fuse::Done> reply) override;
  void rename(NodeId parent, std::string_view name, NodeId new_parent, std::string_view new_name,
              unsigned flags, storage_fuse::Reply<storage_fuse::Done> reply) override;

  void open(NodeId node, const storage_fuse::OpenHow& how,
            storage_fuse::Reply<storage_fuse::Opened> reply) override;
  void create(NodeId parent, std::string_view name, mode_t mode, const storage_fuse::OpenHow& how,
              storage_fuse::Reply<storage_fuse::Created> reply) override;
  void tmpfile(NodeId parent, mode_t mode, const storage_fuse::OpenHow& how,
               storage_fuse::Reply<storage_fuse::Created> reply) override;
  void read(NodeId node, storage_fuse::Handle handle, std::uint64_t offset, std::size_t bytes,
            storage_fuse::Reply<storage_fuse::Bytes> reply) override;
  void write(NodeId node, storage_fuse::Handle handle, std::uint64_t offset,
             std::span<const std::byte> bytes, const storage_fuse::WriteHow& how,
             storage_fuse::Reply<storage_fuse::Count> reply) override;
  void flush(NodeId node, storage_fuse::Handle handle, std::uint64_t lock_owner,
             storage_fuse::Reply<storage_fuse::Done> reply) override;
  void release(NodeId node, storage_fuse::Handle handle, int flags,
               storage_fuse::Reply<storage_fuse::Done> reply) override;
  void fsync(NodeId node, storage_fuse::Handle handle, bool data_only,
             storage_fuse::Reply<storage_fuse::Done> reply) override;
  void fallocate(NodeId node, storage_fuse::Handle handle, int mode, std::uint64_t offset,
                 std::uint64_t length, storage_fuse::Reply<storage_fuse::Done> reply) override;
  void lseek(NodeId node, storage_fuse::Handle handle, std::uint64_t offset, int whence,
             storage_fuse::Reply<storage_fuse::Count> reply) override;

  void opendir(NodeId node, storage_fuse::Reply<storage_fuse::OpenedDirectory> reply) override;
  void readdir(NodeId node, storage_fuse::Handle handle, std::uint64_t offset,
               storage_fuse::DirectoryPage page,
               storage_fuse::Reply<storage_fuse::DirectoryPage> reply) override;
  void releasedir(NodeId node, storage_fuse::Handle handle,
                  storage_fuse::Reply<storage_fuse::Done> reply) override;
  void fsyncdir(NodeId node, storage_fuse::Handle handle, bool data_only,
                storage_fuse::Reply<storage_fuse::Done> reply) override;
  void statfs(NodeId node, storage_fuse::Reply<struct statvfs> reply) override;

  void setxattr(NodeId node, std::string_view name, std::span<const std::byte> value, int flags,
                storage_fuse::Reply<storage_fuse::Done> reply) override;
  void getxattr(NodeId node, std::string_view name,
                storage_fuse::Reply<storage_fuse::Bytes> reply) override;
  void listxattr(NodeId node, storage_fuse::Reply<storage_fuse::Bytes> reply) override;
  void removexattr(NodeId node, std::string_view name,
                   storage_fuse::Reply<storage_fuse::Done> reply) override;

 private:
  template <typename V, typename R, typename Body>
  void on(NodeId node, storage_fuse::Reply<R> reply, Body body) {
    drive<V>(pool_, attempts_.find_slot(slot_of_node(node)), std::move(reply), std::move(body));
  }
  // Makes what `file` says, and answers with its node.
  void make(NodeId parent, std::string_view name, storage_overlay::NewFile file,
            storage_fuse::Reply<storage_fuse::Node> reply);
  storage_overlay::Act act_of(const storage_fuse::Caller& caller) const {
    return {caller.uid, caller.gid, clock_.wall()};
  }
  void lookup_attempt(std::string_view name, storage_fuse::Reply<storage_fuse::Node> reply);

  AttemptTable& attempts_;
  ContentCache& cache_;
  FetchPool& pool_;
  const base::Clock& clock_;
  const FilesOptions options_;
};

}  // namespace storage_daemon
