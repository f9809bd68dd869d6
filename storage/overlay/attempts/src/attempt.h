// One attempt: its overlay, its staging directory, its open files.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/unique_fd.h"
#include "ephemeral.h"
#include "files.h"
#include "journal_file.h"
#include "publishing.h"
#include "storage_attempts/attempt_file_system.h"

namespace storage_attempts {

using storage::FileType;
using storage_overlay::Answer;
using storage_overlay::fail;
using storage_overlay::Need;
using storage_overlay::Overlay;
using storage_overlay::Stop;
using storage_overlay::View;

// What an operation has to wait for.
struct Wants {
  Need need;
  std::optional<InodeNumber> content;  // of this file, in the cache
  bool published = false;              // what was changed
  bool quiet = false;                  // no publication is under way
};

// A file that is open, or whose state the kernel may still rely on.
struct OpenFile {
  std::uint64_t opens = 0;
  std::uint64_t writers = 0;
  std::uint64_t kept = 0;                  // bytes that it had when the first of them came
  std::shared_ptr<base::UniqueFd> staged;  // the staging file, while it is needed
  std::shared_ptr<CachedFile> cached;      // the durable bytes
  std::shared_ptr<CachedFile> newer;       // those of others, published since the first open
  bool borrowed = false;                   // the kernel reads the cache's file, lent to us alone
  bool from_before = false;                // borrowed by an earlier process: opens may be too few
};

// Bytes of a map that found no room: the kernel wrote them when the program had gone on.
struct LostWrite {
  InodeNumber inode = 0;
  int error = 0;
};

// Of handles of durable files that were opened for writing, where closing them publishes.
inline constexpr storage_fuse::Handle kDurableWriter = storage_fuse::Handle{1} << 42;

// Threads: everything but satisfy() with `mutex` held.
class AttemptFileSystem::Attempt : public std::enable_shared_from_this<Attempt> {
 public:
  static base::Result<std::shared_ptr<Attempt>> open(
      AttemptOptions options, const FileSystemOptions& system, ContentCache& cache,
      std::shared_ptr<const std::atomic<bool>> passthrough);

  const AttemptOptions options;
  const FileSystemOptions system;
  ContentCache& cache;
  const std::unique_ptr<EphemeralNames> names;  // null where the volume has none
  const std::shared_ptr<EphemeralFiles> ephemeral;
  std::mutex mutex;
  std::condition_variable closed;  // after each close of a file that was written
  Overlay overlay;
  bool frozen = false;         // finish() was called
  bool dropped = false;        // drop() was
  bool resumed = false;        // who has its files open, an earlier process knew
  storage::TierTraffic moved;  // of durable files, but what is written
  std::unordered_map<InodeNumber, OpenFile> files;
  Wants wants;                    // of the operation that is under way
  std::optional<LostWrite> lost;  // the first
  Publishing publishing;
  void note_lost(InodeNumber inode, int error) {
    if (!lost) lost = LostWrite{inode, error};
  }

  // Gets all that is wanted, without `mutex`; then `done`, with 0 or an errno.
  void satisfy(Wants wanted, std::function<void(int)> done);

  // After each operation, whether it succeeded or not.
  void write_journal();
  bool journal_is_whole();
  // Before one that changes something.
  Answer<storage_overlay::Done> may_change();

  NodeId node_of(InodeNumber inode) const {
    return AttemptFileSystem::node_of(options.number, inode);
  }
  // The attributes as the staging file completes them.
  Answer<storage_fuse::Attributes> attributes_of(const View& view);
  // Its ctime is now, if it is a staged file: what changed it was not the file's bytes.
  void touch(InodeNumber inode);
  void touch_name(const storage::NameKey& key);
  // One more lookup of the file.
  Answer<storage_fuse::Node> node_of(const View& view);

  // The file's bytes are in its staging file from now on; those of before too, when `keep`.
  Answer<storage_overlay::Done> stage(const View& view, bool keep);
  Answer<storage_overlay::Done> make_staging_file(InodeNumber inode);
  Answer<std::shared_ptr<base::UniqueFd>> staging_file(InodeNumber inode);
  // 0, or an errno.
  int write_staged(const base::UniqueFd& file, std::string_view bytes, std::uint64_t offset) const;
  // Before a staging file grows to that size.
  Answer<storage_overlay::Done> make_room(const base::UniqueFd& file, std::uint64_t size) const;
  Answer<storage_overlay::Done> truncate(const View& view, std::uint64_t size);
  Answer<storage_overlay::Done> empty(const View& view, bool drop_privileges);
  // The ephemeral file's bytes become those of a staging file.
  base::Status promote(InodeNumber inode, int fd);
  // The cache's file of it; wanted where it is not there.
  Answer<std::shared_ptr<CachedFile>> cached_file(InodeNumber inode, const Content& content);

  Answer<storage_fuse::Opened> open_file(InodeNumber inode, int flags, bool drop_privileges);
  void close_file(InodeNumber inode, int flags);

  // --- Attempts that publish on the way (publishing.cc).
  bool publishes() const { return options.overlay.publish != storage_overlay::Publish::kAtEnd; }
  bool publishes_at_once() const {
    return options.overlay.publish == storage_overlay::Publish::kAtOnce;
  }
  // The snapshot is the last commit, where others are to be seen at once. Without `mutex`.
  void refresh(std::function<void(int)> done);
  // Done when it was; until then `wants` says what for. `request`: who asks.
  Answer<storage_overlay::Done> publish_file(InodeNumber inode, std::uint64_t request);
  Answer<storage_overlay::Done> publish_all(std::uint64_t request);
  Answer<storage_overlay::Done> publish_rest();
  Answer<storage_overlay::Done> know_staged();
  // A file without an open handle has changed: it goes with the next publication.
  void note_change(InodeNumber inode);
  bool is_dirty(InodeNumber inode) const;
  base::Result<Finished> begin_publication();
  // Give what is to be called without the lock.
  Publishing::Waiting published(const Publication& publication, const Latest& now);
  Publishing::Waiting not_published(int error, const std::optional<Latest>& now, bool for_ever);

  bool has_writers() const;
  base::Result<Finished> finish();
  void keep(InodeNumber inode, const Content& content);
  std::vector<StagedFile> written();
  std::vector<storage::TierTraffic> traffic() const;
  void drop();

 private:
  Attempt(AttemptOptions wanted, const FileSystemOptions& system, ContentCache& cache,
          std::shared_ptr<const std::atomic<bool>> passthrough, base::UniqueFd directory);
  base::Status resume();
  base::Status look_at(const std::string& name);
  Answer<storage_overlay::Done> copy_content(InodeNumber inode, const View& view, int to);
  Answer<storage_overlay::Done> take_borrowed(InodeNumber inode, OpenFile& file);
  base::Error lost_error(const storage::WriteSet& write) const;
  base::Result<StagedFile> staged_copy(InodeNumber inode);
  storage_overlay::Bytes bytes_of(InodeNumber inode) const;
  std::vector<InodeNumber> dirty_files() const;
  void ask_publication(std::function<void(int)> done);
  void await_quiet(std::function<void(int)> done);
  void refresh(const std::function<void(int)>& done, bool waited);
  void move_on(const Latest& latest, const std::function<void(int)>& done);
  Answer<storage_overlay::Done> ask_for(std::uint64_t request, InodeNumber inode);
  Publishing::Waiting end_publication(int error);
  void unstage_if_clean(InodeNumber inode);
  void throw_away(InodeNumber inode);
  void sweep();
  void catch_up();
  std::int64_t written_bytes() const;
  base::Status copy_file(const std::string& from, const std::string& to);
  void remove_file(char kind, InodeNumber inode);
  int rename_file(const std::string& from, char kind, InodeNumber inode);
  base::UniqueFd open_name(const std::string& name, int flags) const;

  base::UniqueFd directory_;
  JournalFile journal_;
  std::uint64_t compact_at_ = 0;
  std::set<InodeNumber> written_;  // open for writing, or closed since written() was asked
  std::optional<std::int64_t> written_bytes_;  // known when it has finished
};

}  // namespace storage_attempts
