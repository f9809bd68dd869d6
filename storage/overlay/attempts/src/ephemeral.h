// The ephemeral files of a volume as one attempt uses them: their names for the overlay, and the
// versions of them that it has open.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "storage_attempts/attempt_file_system.h"
#include "storage_ephemeral/volume.h"

namespace storage_attempts {

class EphemeralNames final : public storage_overlay::LiveNames {
 public:
  explicit EphemeralNames(const AttemptOptions& options);

  std::optional<Entry> find(const NameKey& key) const override;
  std::optional<Entry> find(InodeNumber inode) const override;
  std::uint64_t size(InodeNumber inode) const override;
  Listing list(InodeNumber directory) const override;
  std::uint32_t subdirectories(InodeNumber directory) const override;
  int create(const NameKey& key, const Entry& entry) override;
  int link(InodeNumber inode, const NameKey& key) override;
  int remove(const NameKey& key) override;
  int rename(const NameKey& from, const NameKey& to) override;
  int change(InodeNumber inode, const storage::Attributes& attributes) override;
  bool spills() const override;

 private:
  const std::shared_ptr<storage_ephemeral::Volume> volume_;
  storage_ephemeral::NewInode like_;     // what new files have in common
  const std::chrono::milliseconds ttl_;  // kTtl
  const bool may_spill_;
  const std::filesystem::path staging_;
  const std::shared_ptr<ByteBudget> budget_;
};

// A handle of the kernel's names the version that was opened, and how.
bool is_ephemeral(storage_fuse::Handle handle);

// Threads: any. Lock: its own, a leaf.
class EphemeralFiles : public std::enable_shared_from_this<EphemeralFiles> {
 public:
  using Handle = storage_fuse::Handle;
  using File = std::shared_ptr<const base::UniqueFd>;
  template <typename T>
  using Done = std::function<void(base::Result<T>)>;

  // Without passthrough, the page cache would mix the versions of a file.
  EphemeralFiles(const AttemptOptions& options,
                 std::shared_ptr<const std::atomic<bool>> passthrough);

  base::Result<storage_fuse::Opened> open_write(InodeNumber inode, bool truncate);
  // Also a writer's open of bytes that have to be brought here first.
  void open(InodeNumber inode, int flags, Done<storage_fuse::Opened> done);
  void close(InodeNumber inode, Handle handle);

  // Waits at the end of what is still being written. Gives a ticket to interrupt it with.
  void read(InodeNumber inode, Handle handle, std::uint64_t offset, std::size_t bytes,
            const std::function<void(std::function<void()>)>& on_interrupt, Done<std::string> done);
  // 0 or an errno.
  int write(InodeNumber inode, Handle handle, std::uint64_t offset, std::string_view bytes);
  base::Result<File> file(InodeNumber inode, Handle handle) const;
  int resize(InodeNumber inode, std::uint64_t size);  // the same
  // The bytes that the file has now, for a staging file.
  void bytes_of(InodeNumber inode, Done<File> done);
  // What the attempt opened and wrote, as far as it is known now.
  storage::TierTraffic traffic() const;
  // Whether another attempt, here or elsewhere, may just be writing it.
  bool grows(InodeNumber inode) const;
  // What only the backing file knows, where the attempt has it open.
  void complete(InodeNumber inode, struct stat& stat) const;

 private:
  struct Version {
    File backing;
    std::uint64_t readers = 0, writers = 0;
    bool here = true;   // it was on this node when it was opened
    bool ours = false;  // this attempt writes it: it is read like any file, and nobody waits
  };
  using Key = std::pair<InodeNumber, std::uint32_t>;

  storage_fuse::Opened add(storage_ephemeral::OpenFile file, bool writes, bool here);
  bool is_here(InodeNumber inode) const;
  storage_ephemeral::FileId id_of(InodeNumber inode, Handle handle) const;
  bool is_ours(InodeNumber inode, Handle handle) const;
  bool other_version_is_open(const Key& key) const;

  const std::shared_ptr<storage_ephemeral::Volume> volume_;
  const std::shared_ptr<const std::atomic<bool>> passthrough_;
  const std::string name_;
  const storage_ephemeral::Attempt attempt_;
  const storage_ephemeral::Volume::Visible visible_;
  const storage_ephemeral::NodeName node_;
  const std::shared_ptr<ByteBudget> budget_;
  mutable std::mutex mutex_;  // guards all below
  std::map<Key, Version> open_;
  storage::TierTraffic read_{.tier = hints::Tier::kEphemeral};  // by those that are closed
  std::map<InodeNumber, std::int64_t> written_;                 // sizes at their last close
};

int errno_of(const base::Error& error);

}  // namespace storage_attempts
