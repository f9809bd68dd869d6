// All attempts of a node behind one FUSE mount: its root has a directory `a<number>` for each.
//
// Node ids are slot << 40 | inode, handles say nothing: a daemon that takes over attaches the
// same attempts again and goes on. Bytes that an attempt writes lie in its staging directory, and
// the kernel reads and writes them there (passthrough); durable files are read from the cache.
//
// Threads: any method from any thread. Lock order: attempts_mutex_ before nothing; then one
// attempt's mutex, then the cache's. Replies and callbacks are never called under a lock.
#pragma once

#include <sys/stat.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "storage/volume_provider.h"
#include "storage_attempts/byte_budget.h"
#include "storage_attempts/content_cache.h"
#include "storage_attempts/publisher.h"
#include "storage_attempts/snapshot_source.h"
#include "storage_ephemeral/volume.h"
#include "storage_fuse/file_system.h"
#include "storage_overlay/overlay.h"

namespace storage_attempts {

using storage::CommitNumber;

// Attempts have numbers from 1 on, never used again. What of a number is in node ids is its slot:
// slots come round after 16 million attempts, with a new generation. Slot 0 is the mount's own.
inline constexpr int kInodeBits = 40;
inline constexpr std::uint64_t kSlots = std::uint64_t{1} << (64 - kInodeBits);
inline constexpr std::uint64_t slot_of(std::uint64_t attempt) { return attempt % kSlots; }

struct AttemptOptions {
  std::uint64_t number = 0;  // with a slot that no attempt has
  storage_overlay::OverlayOptions overlay;
  std::string volume;                      // its name, of the cache's and the ephemeral files
  std::filesystem::path staging;           // a directory, empty or as an earlier process left it
  bool is_new = false;                     // `staging` is empty: nothing is looked for
  std::shared_ptr<SnapshotSource> source;  // of the snapshot in `overlay`
  // Null: the volume has durable files only.
  std::shared_ptr<storage_ephemeral::Volume> ephemeral;
  storage_ephemeral::NodeName node;  // this one: what others wrote is remote
  // Of the bytes in `staging`, and of the volume's ephemeral files on this node; null: unbounded.
  // With one, the writes of the kernel come here, so that none gets past it.
  std::shared_ptr<ByteBudget> staged_budget, ephemeral_budget;
  // For overlay.publish other than kAtEnd.
  std::shared_ptr<Publisher> publisher;
  // `staging` is of an earlier process: the commit of its last publication, if there was one.
  std::optional<storage::CommitNumber> last_published;
};

// A file whose bytes are to be uploaded.
struct StagedFile {
  InodeNumber inode = 0;
  std::string path;
  std::uint64_t size = 0;
  bool was_open = false;   // for writing; these are its bytes as of finish()
  std::string name = {};   // where it is, for people; only where it was open
  std::uint64_t kept = 0;  // of them, what it held before it was opened
  storage::FileTime accessed{}, modified{}, changed{};

  // Size and times.
  void take(const struct stat& stat);
  base::Result<base::UniqueFd> open() const;
};

struct Finished {
  storage::ReadSet read;
  storage::WriteSet write;  // without the content of `staged`
  std::vector<StagedFile> staged;
  std::vector<std::string> open;  // for writing: where they are, for people

  // Wherever the write set speaks of the files. Bytes that are inline are moved out of `contents`.
  void set_contents(std::map<InodeNumber, Content>& contents);
  // Those of `staged`.
  void set_times();
};

struct FileSystemOptions {
  std::uint64_t cached_file_bytes_max = std::uint64_t{1} << 30;  // larger ones are read in pieces
  std::uint64_t journal_compact_bytes = std::uint64_t{16} << 20;
};

class AttemptFileSystem final : public storage_fuse::FileSystem {
 public:
  using NodeId = storage_fuse::NodeId;
  using Handle = storage_fuse::Handle;
  template <typename T>
  using Reply = storage_fuse::Reply<T>;

  // `cache` and `log` outlive it.
  AttemptFileSystem(FileSystemOptions options, ContentCache& cache, base::Logger log);
  ~AttemptFileSystem() override;

  // --- For the daemon.
  // The attempt appears, or goes on where an earlier process left it: its journal is in `staging`.
  // Errors: kAlreadyExists, kInvalidArgument, kDataLoss (files of the journal are missing), and
  // those of the file system.
  base::Status attach(AttemptOptions options);
  // No operation changes anything any more; what it left, for a commit. May be asked again.
  // Errors: kNotFound; those of the file system.
  base::Result<Finished> finish(std::uint64_t attempt);
  // Staged files of some size that are open for writing now (`was_open`), and those that were
  // closed since this was last asked: what a commit will store.
  std::vector<StagedFile> written(std::uint64_t attempt) const;
  // The attempt was committed with these contents: their files are the cache's from now on, so that
  // the next attempt on this node reads them without the store.
  void keep(std::uint64_t attempt, const std::map<InodeNumber, Content>& contents);
  // Waits until no durable file is open for writing, at most so long: what a program has closed is
  // told to us a moment after it was told.
  void await_closes(std::uint64_t attempt, std::chrono::milliseconds patience) const;
  // Where a name is in the volume, as far as the attempt knows; for people.
  std::string path_of(std::uint64_t attempt, const storage::NameKey& key) const;
  // --- For attempts that publish on the way.
  // What is to be published now, without the contents of `staged`. Until one of the next two is
  // called, operations that would change something wait. Errors: as finish().
  base::Result<Finished> begin_publication(std::uint64_t attempt);
  // It was, and the attempt goes on above `now`. `contents`: of `staged`, inline ones too.
  struct Publication {
    CommitNumber number = 0;
    bool alone = false;  // the next commit after the snapshot before
    std::map<InodeNumber, Content> contents;
  };
  void published(std::uint64_t attempt, const Publication& publication, const Latest& now);
  // It was not. Who waits gets the errno `error`, or 0: then it is tried again above `now`.
  // `for_ever`: nothing is published any more, and nobody knows what was.
  void not_published(std::uint64_t attempt, int error, std::optional<Latest> now = std::nullopt,
                     bool for_ever = false);
  // The end of such a one: where everything is published at once, also what files hold that were
  // not closed. From then on nothing is changed. Waits. 0 or an errno.
  int publish_rest(std::uint64_t attempt);
  // What it opened and wrote until now: durable files, then ephemeral ones if there were any.
  // kNotFound.
  base::Result<std::vector<storage::TierTraffic>> traffic(std::uint64_t attempt) const;
  // The attempt is no more. Old descriptors write into the void. Its staging directory is emptied.
  void drop(std::uint64_t attempt);

  static NodeId node_of(std::uint64_t attempt, InodeNumber inode) {
    return slot_of(attempt) << kInodeBits | inode;
  }
  static std::string name_of(std::uint64_t attempt) { return "a" + std::to_string(attempt); }

  // --- For the kernel: see FileSystem.
  void start(const storage_fuse::Abilities& abilities) override;
  void lookup(NodeId parent, std::string_view name, Reply<storage_fuse::Node> reply) override;
  void forget(NodeId node, std::uint64_t lookups) override;
  void getattr(NodeId node, Reply<storage_fuse::Attributes> reply) override;
  void setattr(NodeId node, const storage_fuse::AttributeChange& change,
               Reply<storage_fuse::Attributes> reply) override;
  void readlink(NodeId node, Reply<std::string_view> reply) override;
  void mknod(NodeId parent, std::string_view name, mode_t mode, dev_t device,
             Reply<storage_fuse::Node> reply) override;
  void mkdir(NodeId parent, std::string_view name, mode_t mode,
             Reply<storage_fuse::Node> reply) override;
  void symlink(NodeId parent, std::string_view name, std::string_view target,
               Reply<storage_fuse::Node> reply) override;
  void link(NodeId node, NodeId new_parent, std::string_view new_name,
            Reply<storage_fuse::Node> reply) override;
  void unlink(NodeId parent, std::string_view name, Reply<storage_fuse::Done> reply) override;
  void rmdir(NodeId parent, std::string_view name, Reply<storage_fuse::Done> reply) override;
  void rename(NodeId parent, std::string_view name, NodeId new_parent, std::string_view new_name,
              unsigned flags, Reply<storage_fuse::Done> reply) override;
  void open(NodeId node, const storage_fuse::OpenHow& how,
            Reply<storage_fuse::Opened> reply) override;
  void create(NodeId parent, std::string_view name, mode_t mode, const storage_fuse::OpenHow& how,
              Reply<storage_fuse::Created> reply) override;
  void tmpfile(NodeId parent, mode_t mode, const storage_fuse::OpenHow& how,
               Reply<storage_fuse::Created> reply) override;
  void read(NodeId node, Handle handle, std::uint64_t offset, std::size_t bytes,
            Reply<storage_fuse::Bytes> reply) override;
  void write(NodeId node, Handle handle, std::uint64_t offset, std::span<const std::byte> bytes,
             const storage_fuse::WriteHow& how, Reply<storage_fuse::Count> reply) override;
  void flush(NodeId node, Handle handle, std::uint64_t lock_owner,
             Reply<storage_fuse::Done> reply) override;
  void release(NodeId node, Handle handle, int flags, Reply<storage_fuse::Done> reply) override;
  void fsync(NodeId node, Handle handle, bool data_only, Reply<storage_fuse::Done> reply) override;
  void fallocate(NodeId node, Handle handle, int mode, std::uint64_t offset, std::uint64_t length,
                 Reply<storage_fuse::Done> reply) override;
  void lseek(NodeId node, Handle handle, std::uint64_t offset, int whence,
             Reply<storage_fuse::Count> reply) override;
  void copy_file_range(NodeId from, Handle from_handle, std::uint64_t from_offset, NodeId to,
                       Handle to_handle, std::uint64_t to_offset, std::uint64_t length,
                       Reply<storage_fuse::Count> reply) override;
  void opendir(NodeId node, Reply<storage_fuse::OpenedDirectory> reply) override;
  void readdir(NodeId node, Handle handle, std::uint64_t offset, storage_fuse::DirectoryPage page,
               Reply<storage_fuse::DirectoryPage> reply) override;
  void releasedir(NodeId node, Handle handle, Reply<storage_fuse::Done> reply) override;
  void fsyncdir(NodeId node, Handle handle, bool data_only,
                Reply<storage_fuse::Done> reply) override;
  void statfs(NodeId node, Reply<struct statvfs> reply) override;
  void setxattr(NodeId node, std::string_view name, std::span<const std::byte> value, int flags,
                Reply<storage_fuse::Done> reply) override;
  void getxattr(NodeId node, std::string_view name, Reply<storage_fuse::Bytes> reply) override;
  void listxattr(NodeId node, Reply<storage_fuse::Bytes> reply) override;
  void removexattr(NodeId node, std::string_view name, Reply<storage_fuse::Done> reply) override;

  class Attempt;  // of src/

 private:
  std::shared_ptr<Attempt> attempt_of(NodeId node) const;
  base::Result<std::shared_ptr<Attempt>> attempt_with(std::uint64_t number) const;
  void open_ephemeral(const std::shared_ptr<Attempt>& attempt, InodeNumber inode, int flags,
                      Reply<storage_fuse::Opened> reply);
  void read_ephemeral(const std::shared_ptr<Attempt>& attempt, InodeNumber inode, Handle handle,
                      std::uint64_t offset, std::size_t bytes, Reply<storage_fuse::Bytes> reply);
  void lookup_attempt(std::string_view name, Reply<storage_fuse::Node> reply);
  void list_attempts(std::uint64_t offset, storage_fuse::DirectoryPage page,
                     Reply<storage_fuse::DirectoryPage> reply);

  const FileSystemOptions options_;
  // Whether the kernel reads backing files; known when the session starts.
  const std::shared_ptr<std::atomic<bool>> passthrough_;
  ContentCache& cache_;
  const base::Logger log_;
  mutable std::mutex attempts_mutex_;                           // guards attempts_
  std::map<std::uint64_t, std::shared_ptr<Attempt>> attempts_;  // by slot
};

}  // namespace storage_attempts
