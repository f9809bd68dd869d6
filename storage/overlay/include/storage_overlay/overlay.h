// What one attempt sees of a volume and does to it: the snapshot that it reads, and its own changes
// on top. It decides; it reads and writes nothing: what it has to know of the snapshot it is told,
// file contents lie in staging files that others keep, and its journal is bytes to append.
//
// Threads: one at a time. Time: an operation is O(log n) of what is known, list() of what it gives;
// rmdir and a rename over a directory look at the names of one directory.
// Errors: Linux's errnos as its manual pages have them. Permission by modes, sticky directories and
// read-only mounts are the kernel's (default_permissions), not looked at here.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "hints/hints.h"
#include "storage/tree.h"
#include "storage_overlay/answer.h"

namespace storage_overlay {

using storage::Attributes;
using storage::CommitNumber;
using storage::Content;
using storage::Entry;
using storage::FileTime;
using storage::FileType;
using storage::InodeNumber;
using storage::NameKey;

// The names of one directory of the snapshot, sorted by their bytes. Shared: attempts of one
// snapshot may hold the same one.
using Listing = std::vector<std::pair<std::string, Entry>>;

// Ephemeral names as they are now, of all attempts, in durable directories and in ephemeral ones.
// Threads: as the overlay that calls it. It is asked again and again: it answers from memory. What
// changes something gives 0 or an errno (EDQUOT...); whether it may, the overlay has checked.
class LiveNames {
 public:
  virtual ~LiveNames() = default;

  // Without sizes, which may have to be asked of the disk.
  virtual std::optional<Entry> find(const NameKey& key) const = 0;
  virtual std::optional<Entry> find(InodeNumber inode) const = 0;
  virtual std::uint64_t size(InodeNumber inode) const = 0;  // of a file; 0: it is not there
  virtual Listing list(InodeNumber directory) const = 0;
  virtual std::uint32_t subdirectories(InodeNumber directory) const = 0;

  virtual int create(const NameKey& key, const Entry& entry) = 0;
  virtual int link(InodeNumber inode, const NameKey& key) = 0;
  virtual int remove(const NameKey& key) = 0;
  virtual int rename(const NameKey& from, const NameKey& to) = 0;  // replaces an ephemeral `to`
  virtual int change(InodeNumber inode, const Attributes& attributes) = 0;

  // Whether new files had better be durable, for want of room.
  virtual bool spills() const { return false; }
};

// When what an attempt does becomes everybody's.
enum class Publish {
  kAtEnd,   // in one step
  kOnSync,  // all of it, at each fsync
  kAtOnce,  // names and attributes as they change, bytes when a file is closed
};

struct OverlayOptions {
  CommitNumber snapshot = 0;
  std::string activation;  // as WriteSet has them
  std::string writer;
  hints::Volume volume;  // tier, rules
  Publish publish = Publish::kAtEnd;
  std::uint64_t files_max = 1'000'000;  // that the attempt makes or changes: EDQUOT
  std::uint64_t names_bytes_max = std::uint64_t{1} << 30;  // of journal: ENOSPC
};

// Who asks, and when: new files belong to the caller and carry this time.
struct Act {
  uid_t uid = 0;
  gid_t gid = 0;
  FileTime now{};
};

// A file as an operation answers it. Of a staged file, size and `modified` are the staging file's.
struct View {
  InodeNumber inode = 0;
  Attributes attributes;
  std::uint32_t links = 1;
  std::uint64_t size = 0;
  bool staged = false;
  hints::Tier tier = hints::Tier::kDurable;
};

struct NewFile {
  FileType type = FileType::kRegular;
  mode_t permissions = 0644;  // umask already taken off
  std::string target;         // of a symlink
};

// What setattr asks for; absent: as it is.
struct AttributeChange {
  std::optional<mode_t> permissions;
  std::optional<uid_t> uid;
  std::optional<gid_t> gid;
  std::optional<FileTime> accessed, modified, changed;
  bool written = false;          // size or bytes changed: `modified` and `changed` are now
  bool drop_privileges = false;  // suid, sgid and capabilities go, as after a write by a user
};

enum class XattrMode { kAny, kCreate, kReplace };

struct Listed {
  std::string name;
  InodeNumber inode = 0;
  FileType type = FileType::kRegular;
  std::uint64_t cookie = 0;  // list() after this one gives what follows
};

// What an attempt leaves: what it depended on, what it changes, and which of the files in `write`
// have their content in a staging file (their Entry::content is empty here).
struct Changes {
  storage::ReadSet read;
  storage::WriteSet write;
  std::vector<InodeNumber> staged;
};

// What of a staged file goes into a write set.
enum class Bytes {
  kNew,          // those of its staging file
  kAsCommitted,  // those it was last committed with: the file counts as written all the same
  kNotNow,       // nothing of it, unless its name or attributes changed
};

// Whether a new file of that name ("x.id") is ephemeral wherever it is made.
bool has_ephemeral_name(std::string_view name);

class Overlay {
 public:
  // `live` may be null: no ephemeral names then. It must outlive the overlay.
  explicit Overlay(OverlayOptions options, LiveNames* live = nullptr);
  ~Overlay();
  Overlay(Overlay&&) noexcept;
  Overlay& operator=(Overlay&&) noexcept;

  // --- What it is told.
  // The snapshot's entry under `key`, or that there is none. storage::kRootKey for the root.
  void learn(const NameKey& key, const std::optional<Entry>& entry);
  void learn_directory(InodeNumber directory, std::shared_ptr<const Listing> listing);
  void give_inodes(InodeNumber first, std::uint64_t count);
  // The ephemeral file's bytes are in a staging file of its number: it may become durable.
  void promote(InodeNumber inode);

  // --- Names.
  Answer<View> lookup(InodeNumber directory, std::string_view name);
  Answer<View> view(InodeNumber inode);
  Answer<Content> content(InodeNumber inode);  // of a file that is not staged, or a symlink
  Answer<InodeNumber> parent_of(InodeNumber directory);
  // From the root, as far as it is known here: for people.
  std::string path_of(const NameKey& key) const;
  std::string path_of(InodeNumber inode) const;  // "" where it has no name
  // From `after` (0: the start) on; "." and ".." come first. Names that are there all the time are
  // given once each, whatever is made and removed between two calls.
  Answer<std::vector<Listed>> list(InodeNumber directory, std::uint64_t after, std::size_t most);

  Answer<View> make(InodeNumber directory, std::string_view name, const NewFile& file,
                    const Act& act);
  Answer<View> make_unnamed(InodeNumber directory, const NewFile& file, const Act& act);
  Answer<View> link(InodeNumber inode, InodeNumber directory, std::string_view name,
                    const Act& act);
  Answer<Done> unlink(InodeNumber directory, std::string_view name, const Act& act);
  Answer<Done> remove_directory(InodeNumber directory, std::string_view name, const Act& act);
  // `flags`: of renameat2(2).
  Answer<Done> rename(const NameKey& from, const NameKey& to, unsigned flags, const Act& act);

  // --- Attributes.
  Answer<View> change(InodeNumber inode, const AttributeChange& change, const Act& act);
  Answer<std::string> xattr(InodeNumber inode, std::string_view name);
  Answer<std::vector<std::string>> xattrs(InodeNumber inode);
  Answer<Done> set_xattr(InodeNumber inode, std::string_view name, std::string_view value,
                         XattrMode mode, const Act& act);
  Answer<Done> remove_xattr(InodeNumber inode, std::string_view name, const Act& act);

  // --- Contents. From now on the file's bytes are in its staging file, which the caller has made.
  Answer<Done> stage(InodeNumber inode);

  // --- Lives. A file without names lives while it is held. What was replayed from a journal is
  // held for ever: nobody knows any more how often it was.
  void hold(InodeNumber inode, std::uint64_t times = 1);
  void forget(InodeNumber inode, std::uint64_t times);
  // Files whose end has come since the last call: their staging files can go, once the journal is
  // written.
  std::vector<InodeNumber> take_ended();

  // --- Requests that come twice, since their answer was lost with the daemon. To be said with the
  // operation itself, before take_journal(); the last kAnswersMax are known.
  void answered(std::uint64_t request, int error, InodeNumber inode);
  struct Earlier {
    int error = 0;
    InodeNumber inode = 0;
    bool published = false;  // what it did was
  };
  std::optional<Earlier> earlier(std::uint64_t request) const;
  static constexpr std::size_t kAnswersMax = 4096;

  // --- The end.
  Changes changes() const;
  Changes changes(const std::function<Bytes(InodeNumber)>& bytes_of) const;

  // --- Publishing on the way: a commit of changes(), after which the attempt goes on above another
  // snapshot. What it knew of the one before it asks for anew when it needs it; a file that others
  // moved or removed meanwhile has no name here until it is found under another.
  CommitNumber snapshot() const;
  // All changes, and the staged `files`, are part of commit `number`, which is the
  // snapshot now. `alone`: it is the next one after the snapshot before.
  struct Stored {
    Content content;
    std::optional<FileTime> accessed, modified, changed;  // where they are not the overlay's
  };
  using StoredFiles = std::map<InodeNumber, Stored>;
  void published(CommitNumber number, bool alone, const StoredFiles& files);
  // kAtOnce: its bytes go with the next changes(), as `bytes_of` says there.
  void rewritten(InodeNumber inode);
  // What is not published is undone, as if it had not been asked for; files that were staged before
  // keep their bytes. The snapshot is `number`.
  void undo(CommitNumber number);
  // Nothing but bytes of staged files is unpublished.
  void move_to(CommitNumber number);
  // Its bytes are those that it was committed with, or are not wanted.
  void unstage(InodeNumber inode);
  bool is_staged(InodeNumber inode) const;
  std::vector<InodeNumber> staged() const;
  // Others removed the file, or moved it to where it was not found yet.
  bool is_lost(InodeNumber inode) const;

  // --- The journal. What was changed and learnt since the last call, as one record to append
  // before the operation is answered ("" when nothing was).
  std::string take_journal();
  // Everything there is as one record: what a new, shorter journal begins with.
  std::string whole_journal() const;
  void journal_replaced(std::uint64_t bytes);
  // Applies records in their order, to an overlay that was just made with the same options. A
  // record that is cut short or damaged ends it; gives how many bytes were good.
  std::size_t replay(std::string_view journal);

  struct State;  // of src/

 private:
  std::unique_ptr<State> state_;
};

}  // namespace storage_overlay
