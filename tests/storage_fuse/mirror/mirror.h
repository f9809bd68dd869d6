// A directory of the node, served as it is: a small but complete file system to test the plumbing
// with. Files are made in the name of who asks.
//
// A file with the attribute user.writing is still growing: who reads at its end waits, until it is
// longer or the attribute is removed.
#pragma once

#include <dirent.h>

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "base/result.h"
#include "base/unique_fd.h"
#include "known_nodes.h"
#include "storage_fuse/file_system.h"

namespace mirror {

using namespace storage_fuse;  // NOLINT(google-build-using-namespace): it is all about them

struct MirrorOptions {
  std::filesystem::path directory;
  std::filesystem::path journal;
  bool passthrough = true;  // give backing files
};

class Mirror final : public FileSystem {
 public:
  static base::Result<std::unique_ptr<Mirror>> open(const MirrorOptions& options);

  struct Counts {
    std::atomic<std::uint64_t> getxattrs{0}, opens{0}, releases{0}, interrupts{0}, resent{0},
        parked{0}, writes{0}, reads{0}, flushes{0};
  };
  const Counts& counts() const { return counts_; }
  KnownNodes::Totals nodes() const { return known_->totals(); }

  void start(const Abilities& abilities) override { passthrough_ &= abilities.passthrough; }
  void lookup(NodeId parent, std::string_view name, Reply<Node> reply) override;
  void forget(NodeId node, std::uint64_t lookups) override;
  void getattr(NodeId node, Reply<Attributes> reply) override;
  void setattr(NodeId node, const AttributeChange& change, Reply<Attributes> reply) override;
  void readlink(NodeId node, Reply<std::string_view> reply) override;
  void mknod(NodeId parent, std::string_view name, mode_t mode, dev_t device,
             Reply<Node> reply) override;
  void mkdir(NodeId parent, std::string_view name, mode_t mode, Reply<Node> reply) override;
  void symlink(NodeId parent, std::string_view name, std::string_view target,
               Reply<Node> reply) override;
  void link(NodeId node, NodeId new_parent, std::string_view new_name, Reply<Node> reply) override;
  void unlink(NodeId parent, std::string_view name, Reply<Done> reply) override;
  void rmdir(NodeId parent, std::string_view name, Reply<Done> reply) override;
  void rename(NodeId parent, std::string_view name, NodeId new_parent, std::string_view new_name,
              unsigned flags, Reply<Done> reply) override;
  void open(NodeId node, const OpenHow& how, Reply<Opened> reply) override;
  void create(NodeId parent, std::string_view name, mode_t mode, const OpenHow& how,
              Reply<Created> reply) override;
  void tmpfile(NodeId parent, mode_t mode, const OpenHow& how, Reply<Created> reply) override;
  void read(NodeId node, Handle handle, std::uint64_t offset, std::size_t bytes,
            Reply<Bytes> reply) override;
  void write(NodeId node, Handle handle, std::uint64_t offset, std::span<const std::byte> bytes,
             const WriteHow& how, Reply<Count> reply) override;
  void flush(NodeId node, Handle handle, std::uint64_t lock_owner, Reply<Done> reply) override;
  void release(NodeId node, Handle handle, int flags, Reply<Done> reply) override;
  void fsync(NodeId node, Handle handle, bool data_only, Reply<Done> reply) override;
  void fallocate(NodeId node, Handle handle, int mode, std::uint64_t offset, std::uint64_t length,
                 Reply<Done> reply) override;
  void lseek(NodeId node, Handle handle, std::uint64_t offset, int whence,
             Reply<Count> reply) override;
  void copy_file_range(NodeId from, Handle from_handle, std::uint64_t from_offset, NodeId to,
                       Handle to_handle, std::uint64_t to_offset, std::uint64_t length,
                       Reply<Count> reply) override;
  void opendir(NodeId node, Reply<OpenedDirectory> reply) override;
  void readdir(NodeId node, Handle handle, std::uint64_t offset, DirectoryPage page,
               Reply<DirectoryPage> reply) override;
  void releasedir(NodeId node, Handle handle, Reply<Done> reply) override;
  void fsyncdir(NodeId node, Handle handle, bool data_only, Reply<Done> reply) override;
  void statfs(NodeId node, Reply<struct statvfs> reply) override;
  void setxattr(NodeId node, std::string_view name, std::span<const std::byte> value, int flags,
                Reply<Done> reply) override;
  void getxattr(NodeId node, std::string_view name, Reply<Bytes> reply) override;
  void listxattr(NodeId node, Reply<Bytes> reply) override;
  void removexattr(NodeId node, std::string_view name, Reply<Done> reply) override;

 private:
  struct OpenFile {
    base::UniqueFd fd;  // for reading and writing here, without passthrough
    std::uint64_t opens = 0;
  };
  struct ParkedRead {
    NodeId node = 0;
    std::uint64_t offset = 0;
    std::size_t bytes = 0;
    Reply<Bytes> reply;
  };

  Mirror(const MirrorOptions& options, base::UniqueFd root, std::unique_ptr<KnownNodes> known);

  // A descriptor of the node, for paths below it (O_PATH) or with `flags`; invalid with errno.
  base::UniqueFd descriptor(NodeId node, int flags);
  base::UniqueFd place(NodeId node) { return descriptor(node, O_PATH); }
  bool describe(int directory, const char* name, Node& node, InodeHandle& handle) const;
  bool look_up(int directory, const char* name, Node& node);
  void answer_new(int directory, const std::string& name, int failure, Reply<Node> reply);
  Attributes attributes_of(struct stat stat) const;
  int remove(NodeId parent, std::string_view name, int flags);
  int change(int fd, const AttributeChange& change);
  Opened opened(NodeId node, base::UniqueFd fd, const struct stat& stat, int flags);
  void finish_create(int directory, const std::string& name, base::UniqueFd fd, const OpenHow& how,
                     Reply<Created> reply);
  void with_file(NodeId node, const std::function<void(int)>& work);
  void park(ParkedRead read);
  void interrupted(std::uint64_t key);
  void wake(NodeId node);
  bool add_entry(int directory, const dirent64& entry, DirectoryPage& page);

  bool passthrough_;
  const base::UniqueFd root_;
  ino_t root_ino_ = 0;
  const std::unique_ptr<KnownNodes> known_;
  Counts counts_;
  std::mutex mutex_;  // guards all below
  std::unordered_map<NodeId, OpenFile> files_;
  // Nodes without names that the kernel knows still: their handles lead nowhere.
  std::unordered_map<NodeId, base::UniqueFd> removed_;
  std::unordered_map<std::uint64_t, ParkedRead> parked_;
};

}  // namespace mirror
