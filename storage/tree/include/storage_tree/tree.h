// The durable tree of one volume on an object store: snapshots at a commit number, and commits that
// are applied whole or not at all. The objects: LAYOUT.md; the protocol: COMMIT.md.
//
// Threads: any method from any thread. Commits that wait for one another are written as one.
// Time: methods block while the store answers, those that lose races until their turn comes; the
// tree has no thread of its own. Somebody must call maintain() at least every lease / 3, and
// collect() now and then.
// Errors: kUnavailable and kDeadlineExceeded as the store gives them, see commit(); kDataLoss where
// a stored value is damaged, with the object and the key; kConflict for a snapshot that has lapsed,
// because maintain() was not called in time.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "hints/hints.h"
#include "storage/object_store.h"
#include "storage/tree.h"
#include "storage_tree/outcome.h"
#include "storage_tree/snapshot.h"

namespace storage_tree {

struct Options {
  // Who opens the volume: a node's name, the same after a restart. One opener at a time has it: the
  // next one takes it over, and the older one's snapshots lapse.
  std::string session;
  std::chrono::milliseconds lease{
      60'000};         // clocks of nodes must not differ by more than a quarter
  uid_t root_uid = 0;  // of a new volume's root directory
  gid_t root_gid = 0;
  mode_t root_permissions = 0755;

  std::uint64_t shard_keys_max = 50'000;      // more in one metadata object: it is split
  std::size_t operation_bytes_max = 8 << 20;  // more in one commit: it is written ahead in pieces
  std::size_t requests_max = 16;              // data objects read or written at once, per call
  std::chrono::seconds activations_kept{3600};
  // Of waits and of names that must differ from those of other openers; absent: taken at random.
  std::optional<std::uint64_t> seed;
  // Called when upload_early(), which said kNotNow, may be asked again: on a thread of the store,
  // under locks of the tree. It must not wait and must not call the tree.
  std::function<void()> early_room;
  // Waits before another try; a test hands in its own.
  std::function<void(std::chrono::nanoseconds)> pause;
};

class Tree {
 public:
  // Opens the volume whose objects are in `space`; it is made where it is new. `store` and `clock`
  // must outlive the tree. kUnsupported: a layout that this program does not know.
  static base::Result<std::unique_ptr<Tree>> open(storage::ObjectStore& store, std::string space,
                                                  const base::Clock& clock, Options options);
  // The first step of removing the volume with all its objects: from now on nothing begins in it,
  // on any node. Also where there is none.
  static base::Status mark_removed(storage::ObjectStore& store, const std::string& space);
  // kNotFound: there is nothing in the space, not even the mark.
  static base::Result<bool> is_marked_removed(storage::ObjectStore& store,
                                              const std::string& space);
  ~Tree();  // the session stays: its snapshots may be resumed until its lease is over

  // --- Reading.
  // The volume as of now. One read, unless somebody died in the middle of a large commit.
  // `meanwhile` is called while the store is asked; where nothing had to be asked first.
  // kNotFound: the volume has been removed.
  base::Result<Snapshot> begin(const std::function<void()>& meanwhile = {});
  // A snapshot of before a restart. kConflict: it has lapsed.
  base::Result<Snapshot> resume(CommitNumber number);

  // A directory's times and links include what was done in it. Entry::committed is the name's.
  base::Result<std::optional<Entry>> lookup(const Snapshot& snapshot, const NameKey& key);
  // Up to `most` names after `after` ("": from the start), in the order of their bytes.
  base::Result<Listing> list(const Snapshot& snapshot, InodeNumber directory,
                             const std::string& after, std::size_t most);
  // Up to `length` bytes from `offset` on, fewer only at the end of the file. Holes are zeros.
  base::Result<std::string> read(InodeNumber inode, const Content& content, std::uint64_t offset,
                                 std::uint64_t length);

  // --- Writing.
  // The first of `count` new inode numbers.
  base::Result<InodeNumber> reserve(std::uint64_t count);

  // Writes down, in one step for all, that files of these sizes will be uploaded. upload() does it
  // by itself, with a step for each file.
  base::Status announce(const std::string& writer,
                        const std::map<InodeNumber, std::uint64_t>& sizes);
  // Stores the bytes of the file behind `fd` for a later commit of `writer`, all of them, holes as
  // holes. A writer's name is used for one commit only, and each inode is uploaded once under it.
  base::Result<Content> upload(const std::string& writer, InodeNumber inode, int fd);
  // Stores a piece (of kDataObjectBytes; the file's last one may have fewer `bytes`) of a file that
  // is still written to: upload() stores again what differs by then, and only that. For pieces of
  // announced files. Returns when it is under way.
  Early upload_early(const std::string& writer, InodeNumber inode,
                     const std::shared_ptr<const base::UniqueFd>& fd, std::uint64_t index,
                     std::uint64_t bytes);
  // A piece that was stored early was not answered: upload() fails (kUnavailable), and only under
  // another name the writer's changes can be committed.
  bool is_doubtful(const std::string& writer) const;
  // What an earlier run of this node uploaded for `writer` is taken over.
  // kNotFound: nothing was, or it was collected; upload again under another name.
  base::Status adopt(const std::string& writer);

  // An error says that the outcome is not known: ask again with the same arguments, or abort().
  // kInvalidArgument is the exception: nothing was done, and nothing will be.
  // A write set without an activation is recorded under its writer. An empty one is committed, at
  // its snapshot's number, without a word to the store. After kConflict, kAlreadyApplied and
  // kAborted what the writer uploaded is given to the collector: another try uploads anew.
  base::Result<Outcome> commit(const Snapshot& snapshot, const storage::WriteSet& write,
                               const storage::ReadSet& read, hints::Isolation isolation);

  // The attempt's end without a commit: after it is answered, no commit() of `writer` will happen,
  // wherever one may be under way. What it uploaded is given to the collector.
  // kAlreadyExists: it was committed. `activation`: as in its write set.
  base::Status abort(const std::string& activation, const std::string& writer);

  // --- Keeping.
  // Keeps the session alive, and tells other nodes which snapshots this one needs.
  base::Status maintain();
  // A bounded piece of: what died is cleared away, old versions go, large objects are split.
  base::Result<CollectReport> collect();
  // Looks at everything, and with `repair` mends what a crash or the like can have left.
  // Slow; while others write, names that they change may be reported as missing data.
  base::Result<FsckReport> fsck(bool repair);

  // --- For people.
  base::Result<TreeStat> stat();
  // The last `most` versions of a name that are kept, the newest first.
  base::Result<std::vector<NameVersion>> versions(const NameKey& key, std::size_t most);
  base::Result<std::optional<ActivationRecord>> activation(const std::string& activation);

 private:
  class Impl;
  explicit Tree(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace storage_tree
