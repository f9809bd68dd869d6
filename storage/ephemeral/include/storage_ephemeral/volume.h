// The ephemeral files of one volume as one node sees them: live names, bytes, and their life.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "storage/tree.h"
#include "storage_ephemeral/file_state.h"
#include "storage_ephemeral/record.h"

namespace storage_ephemeral {

template <typename T>
using Done = std::function<void(base::Result<T>)>;
using DoneStatus = std::function<void(base::Status)>;

// How a new file, directory, symlink, fifo or socket begins.
struct NewInode {
  storage::InodeNumber inode = 0;  // from the volume's numbers, never used before
  storage::Attributes attributes;
  std::string target;  // symlinks
  Attempt attempt;     // that makes it
  Lifetime lifetime;
  SealWhen seal = SealWhen::kActivation;
  std::uint32_t copies = 1;  // 1 or 2
};

// What a file shows, without its size and its life: what most requests want to know.
struct Look {
  storage::InodeNumber inode = 0;
  storage::Attributes attributes;
  std::string target;  // symlinks
  std::uint32_t links = 0;
};

// When what was written through a descriptor was written, as the disk has it.
struct Written {
  storage::FileTime modified{};
  storage::FileTime changed{};
};

// A regular file that is opened. `backing` is a descriptor of the node's own file: pread and pwrite
// on it, or give it to the kernel for passthrough, and close it when you like.
struct OpenFile {
  FileId file;
  base::UniqueFd backing;
  bool complete = false;  // all bytes are there and final: plain passthrough is right. Else reads
                          // must ask await_bytes() first.
};

// A file that an attempt opened for reading and did not write itself.
struct Dependency {
  FileId file;
  FileState state = FileState::kWriting;
  PoisonReason reason = PoisonReason::kNone;
  std::optional<storage::NameKey> name;  // one that it had when it was opened
};

// What a crash, or the end of a directory under its files, has left.
struct LiveFinding {
  enum class Kind : std::uint8_t {
    kNoDirectory,   // a name in a directory that is not there
    kMissingBytes,  // this node is said to have all bytes, and has not
  };
  Kind kind = Kind::kNoDirectory;
  storage::InodeNumber inode = 0;
  storage::NameKey name;
  bool repaired = false;
};

// What has become of an attempt.
enum class Outcome : std::uint8_t { kSucceeded, kFailed, kDied };

// Names are live: what one attempt makes, all attempts on this node see at once, and on other
// nodes within 20 ms while the store answers, and certainly after flush().
//
// Threads: any method from any thread.
// Time: what returns a value decides in memory and touches local files at most. What takes `done`
// returns at once and calls it exactly once, on the caller's thread before it returns or on a
// thread of the node: it must not block, and may call any method.
// Errors: kNotFound (ENOENT), kAlreadyExists (EEXIST), kDataLoss (EIO: poisoned, or no holder
// left), kNoSpace (ENOSPC, EDQUOT), kInvalidArgument, kUnavailable (the node is being stopped, or a
// bound is reached).
class Volume {
 public:
  using Ticket = std::uint64_t;

  virtual ~Volume() = default;

  // --- Names ---

  virtual std::optional<Entry> find(const storage::NameKey& key) const = 0;
  virtual std::optional<Entry> get(storage::InodeNumber inode) const = 0;
  virtual std::optional<Look> look(const storage::NameKey& key) const = 0;
  virtual std::optional<Look> look(storage::InodeNumber inode) const = 0;
  // Up to `most` names after `after`, sorted.
  virtual std::vector<std::pair<std::string, Entry>> list(storage::InodeNumber directory,
                                                          const std::string& after,
                                                          std::size_t most) const = 0;
  // How many directories are in it, at no cost; those whose lifetime has just ended may be counted.
  virtual std::uint32_t subdirectories(storage::InodeNumber directory) const = 0;
  // A new name for something new. The file's version is `writing` with no writer yet:
  // open_write() comes next.
  virtual base::Result<Entry> create(const storage::NameKey& key, const NewInode& what) = 0;
  virtual base::Status link(storage::InodeNumber inode, const storage::NameKey& key) = 0;
  // Without its last name a file is gone: who has it open goes on.
  virtual base::Status remove(const storage::NameKey& key) = 0;
  // Replaces `to` if it is there; whether it may, the caller decides.
  virtual base::Status rename(const storage::NameKey& from, const storage::NameKey& to) = 0;
  virtual base::Status set_attributes(storage::InodeNumber inode,
                                      const storage::Attributes& attributes) = 0;
  // Asks the store whether this node has missed anything: to be waited for before an attempt
  // begins, so that it sees all names that were flushed before.
  virtual void refresh(DoneStatus done) = 0;

  // --- Bytes ---

  enum class Rewrite : std::uint8_t { kKeepBytes, kTruncate };
  // The writers of an unfinished version share it, on the node that makes it. A sealed or poisoned
  // file gets a new version that this node makes, with the old bytes (kKeepBytes: kDataLoss when
  // poisoned; they must be here: kUnavailable when not, open_read() brings them) or empty. A
  // version that another node makes cannot be joined: kConflict.
  virtual base::Result<OpenFile> open_write(storage::InodeNumber inode, const Attempt& attempt,
                                            Rewrite rewrite) = 0;
  // For each open_write(), after the last write through it. `written`: becomes the file's times,
  // where they are later.
  virtual void close_write(const FileId& file, const Written& written) = 0;
  void close_write(const FileId& file) { close_write(file, {}); }

  enum class Visible : std::uint8_t { kWriting, kSealed };
  // Answers when the first bytes can be asked for; kSealed: when the file is final, here.
  // The version that the file has now is what is read until close_read().
  virtual void open_read(storage::InodeNumber inode, const Attempt& attempt, Visible visible,
                         Done<OpenFile> done) = 0;
  virtual void close_read(const FileId& file) = 0;
  // How many of `length` bytes at `offset` can be read from the backing file: parks at the tail of
  // what is being written; 0 is the end of the file. kDataLoss once it is poisoned, for ever.
  virtual Ticket await_bytes(const FileId& file, std::uint64_t offset, std::uint64_t length,
                             Done<std::uint64_t> done) = 0;
  // Answers it with kDeadlineExceeded, unless it was answered before (EINTR).
  virtual void cancel(Ticket ticket) = 0;
  // The size as of now: the sealed one, that of the backing file, or as last heard.
  virtual base::Result<std::uint64_t> size(storage::InodeNumber inode) const = 0;
  // Who makes the file's version, while it is not final.
  virtual std::optional<Attempt> writer(storage::InodeNumber inode) const = 0;

  // --- Attempts ---

  // The attempt is over: seals or poisons what it wrote. Files that it still has open for writing
  // end as they are now. To be followed by flush() and release().
  virtual void settle(const Attempt& attempt, Outcome outcome) = 0;
  // Answers when all changes of names until now, and the seals of what the attempt wrote, are in
  // the store (and its second copies made).
  virtual void flush(const Attempt& attempt, DoneStatus done) = 0;
  // Files that live for the attempt end, and its dependencies are forgotten.
  virtual void release(const Attempt& attempt) = 0;
  virtual void end_session(const std::string& session) = 0;
  // All files of the volume end; the volume is being removed.
  virtual void end_volume() = 0;
  // What it opened: nothing durable may be committed that depends on a poisoned one.
  virtual std::vector<Dependency> dependencies(const Attempt& attempt) const = 0;

  // --- For people ---

  // How many files and other things have names here.
  virtual std::uint64_t count() const = 0;
  // Directories with ephemeral names in them that are not ephemeral themselves.
  virtual std::set<storage::InodeNumber> durable_directories() const = 0;
  // Looks at all names and at the bytes on this node; `gone` are the durable directories that are
  // no more. With `repair`, names in those go, and so does the word that this node has what it has
  // not, and the file with it where nobody else has it. To be followed by flush().
  virtual std::vector<LiveFinding> check(const std::set<storage::InodeNumber>& gone,
                                         bool repair) = 0;
};

}  // namespace storage_ephemeral
