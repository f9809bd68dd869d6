// The names of one volume as this node knows them, and what of it the store does not know yet.
//
// Deciding code: by one thread at a time, no clock, no I/O. What the store holds is what was
// published; what this node changed is seen here at once, and leaves in batches.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/result.h"
#include "storage/object_store.h"
#include "storage_ephemeral/record.h"

namespace storage_ephemeral {

// A value of the store, or that there is none.
using Value = std::optional<std::string>;
using Values = std::map<std::string, Value>;

// What this node did to one key, for its journal.
struct Change {
  Value value;
  bool update = false;  // of an inode that is in the store: once removed there, it stays removed
  bool operator==(const Change&) const = default;
};
using Changes = std::vector<std::pair<std::string, Change>>;

// What two nodes have made of one inode. `base` is what both began with. A later version wins, and
// among equals the one that ended first, which is theirs: it is in the store.
InodeRecord merge(const std::optional<InodeRecord>& base, const InodeRecord& mine,
                  const InodeRecord& theirs);

class Ledger {
 public:
  explicit Ledger(NodeName self) : self_(std::move(self)) {}

  // --- What is known ---
  std::optional<Entry> find(const storage::NameKey& key) const;
  std::optional<Entry> get(storage::InodeNumber inode) const;
  const InodeRecord* record(storage::InodeNumber inode) const;
  std::optional<storage::InodeNumber> inode_at(const storage::NameKey& key) const;
  std::uint32_t links(storage::InodeNumber inode) const;
  std::vector<std::pair<std::string, Entry>> list(storage::InodeNumber directory,
                                                  const std::string& after, std::size_t most) const;
  std::uint32_t subdirectories(storage::InodeNumber directory) const;
  std::optional<storage::NameKey> name_of(storage::InodeNumber inode) const;
  std::vector<storage::NameKey> names() const;
  std::vector<storage::InodeNumber> inodes() const;
  std::vector<storage::InodeNumber> owned_by(Lifetime::Kind kind, const std::string& owner) const;
  std::vector<storage::InodeNumber> expired(base::WallTime now) const;
  std::optional<base::WallTime> next_expiry() const;

  // --- What this node does ---
  // Errors: kAlreadyExists, kNotFound.
  base::Status create(const storage::NameKey& key, storage::InodeNumber inode, InodeRecord record);
  base::Status link(storage::InodeNumber inode, const storage::NameKey& key);
  base::Status remove(const storage::NameKey& key);
  base::Status rename(const storage::NameKey& from, const storage::NameKey& to);
  void update(storage::InodeNumber inode, const InodeRecord& record);
  void set_holder(storage::InodeNumber inode, std::uint32_t version, const NodeName& node,
                  bool holds);
  // With all its names.
  void drop(storage::InodeNumber inode);

  // The inodes whose record changed or went since the last call, by this node or another.
  std::set<storage::InodeNumber> take_touched() { return std::exchange(touched_, {}); }
  // The changes of this node since the last call, for the journal.
  Changes take_changes();

  // --- Publication: one batch at a time ---
  struct Batch {
    std::vector<std::pair<std::string, std::string>> guards;
    Values values;
  };
  bool dirty() const { return !dirty_.empty(); }
  bool in_flight() const { return batch_.has_value(); }
  std::uint64_t batches_published() const { return batches_published_; }
  // Of the batch that is in flight.
  const Batch& batch() const { return *batch_; }
  // The keys of which the last batch brought the store all that this node has to say.
  std::vector<std::string> take_landed();
  const Batch& take_batch(std::size_t most);
  void published(storage::ObjectVersion version);
  // It may have been done or not.
  void failed();
  // A guard did not hold: `current` has the values of all guarded keys.
  void conflicted(const Values& current);

  // --- What others published ---
  void hear(const Values& values, storage::ObjectVersion version);
  // All that the store holds, by keys; it was all there at `version` or came later.
  void hear_all(const std::map<std::string, std::string>& values, storage::ObjectVersion version);
  // What the journal had when this node's daemon ended, after hear_all().
  void replay(const std::string& key, const Change& change);

 private:
  struct NameSlot {
    storage::InodeNumber inode = 0;
    storage::ObjectVersion seen = 0;
  };
  struct InodeSlot {
    InodeRecord record;
    std::optional<std::string> base;  // in the store, while this is dirty or in flight
    storage::ObjectVersion seen = 0;
    std::vector<const storage::NameKey*> names;  // that lead to it: keys of names_
    bool known = false;                          // else only a name told of it so far
    bool in_store = false;
    std::set<NodeName> holders;  // of record.version
  };
  static InodeSlot with_names_only(std::vector<const storage::NameKey*> names);
  using Late = std::pair<Values, storage::ObjectVersion>;

  Entry entry(storage::InodeNumber inode, const InodeSlot& slot) const;
  void set_name(const storage::NameKey& key, storage::InodeNumber inode,
                storage::ObjectVersion seen);
  void erase_name(const storage::NameKey& key);
  void unlinked(storage::InodeNumber inode, const storage::NameKey* name);
  void count_if_directory(const InodeSlot& slot, const storage::NameKey& name, int step);
  void forget_record(storage::InodeNumber inode);
  void put_record(storage::InodeNumber inode, InodeSlot& slot, InodeRecord record);
  void index(storage::InodeNumber inode, const Lifetime& lifetime, bool add);
  void mark(const RecordKey& key);
  Value current(const RecordKey& key) const;
  storage::ObjectVersion seen(const RecordKey& key) const;
  void set_seen(const RecordKey& key, storage::ObjectVersion version);
  void land(std::set<RecordKey> keys);
  void hear_one(const RecordKey& key, const Value& value, storage::ObjectVersion version);
  void hear_name(const RecordKey& key, const Value& value);
  void hear_inode(const RecordKey& key, const Value& value);
  void hear_holder(const RecordKey& key, bool holds);
  void collect_nameless();

  const NodeName self_;
  std::map<storage::NameKey, NameSlot> names_;
  std::unordered_map<storage::InodeNumber, InodeSlot> inodes_;
  // Directories in a directory, where there are any: their number is asked for with every look at
  // it.
  std::unordered_map<storage::InodeNumber, std::uint32_t> subdirectories_;
  std::map<std::pair<Lifetime::Kind, std::string>, std::set<storage::InodeNumber>> owned_;
  std::set<std::pair<base::WallTime, storage::InodeNumber>> expiring_;
  std::set<RecordKey> dirty_, flying_, changed_;
  std::optional<Batch> batch_;
  std::uint64_t batches_published_ = 0;
  std::set<RecordKey> landed_;
  std::vector<Late> late_;  // heard while a batch is in flight
  std::set<storage::InodeNumber> touched_, nameless_;
  // When what is not there any more went: news that are older must not bring it back.
  std::map<RecordKey, storage::ObjectVersion> gone_;
  std::deque<RecordKey> gone_order_;
};

}  // namespace storage_ephemeral
