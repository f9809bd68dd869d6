#include "ledger.h"

#include <algorithm>
#include <array>

#include "base/check.h"
#include "bytes.h"

namespace storage_ephemeral {
namespace {

using storage::InodeNumber;
using storage::NameKey;
using storage::ObjectVersion;
using Kind = RecordKey::Kind;

constexpr std::size_t kGoneMax = 8192;

RecordKey name_key(const NameKey& key) {
  return {.kind = Kind::kName, .inode = key.directory, .version = 0, .name = key.name};
}
RecordKey inode_key(InodeNumber inode) {
  return {.kind = Kind::kInode, .inode = inode, .version = 0, .name = {}};
}
RecordKey holder_key(InodeNumber inode, std::uint32_t version, const NodeName& node) {
  return {.kind = Kind::kHolder, .inode = inode, .version = version, .name = node};
}

std::string encode_inode_number(InodeNumber inode) { return ByteWriter().number(inode).take(); }

base::Error no_such_name(const NameKey& key) {
  return {base::ErrorCode::kNotFound, "no ephemeral name " + key.name};
}

}  // namespace

InodeRecord merge(const std::optional<InodeRecord>& base, const InodeRecord& mine,
                  const InodeRecord& theirs) {
  const bool mine_is_later = mine.version > theirs.version;
  const bool theirs_is_later = theirs.version > mine.version;
  InodeRecord result = theirs_is_later ? theirs : mine;
  if (!mine_is_later && !theirs_is_later && theirs.state != FileState::kWriting) {
    result.state = theirs.state;
    result.reason = theirs.reason;
    result.size = theirs.size;
    result.checksum = theirs.checksum;
  }
  const bool i_changed = !base || base->attributes != mine.attributes;
  result.attributes = i_changed ? mine.attributes : theirs.attributes;
  return result;
}

// --- What is known ---

Entry Ledger::entry(InodeNumber inode, const InodeSlot& slot) const {
  return {.inode = inode,
          .record = slot.record,
          .links = static_cast<std::uint32_t>(slot.names.size()),
          .holders = slot.holders};
}

std::optional<Entry> Ledger::get(InodeNumber inode) const {
  const auto found = inodes_.find(inode);
  if (found == inodes_.end() || !found->second.known) return std::nullopt;
  return entry(inode, found->second);
}

std::optional<Entry> Ledger::find(const NameKey& key) const {
  const auto found = names_.find(key);
  return found == names_.end() ? std::nullopt : get(found->second.inode);
}

const InodeRecord* Ledger::record(InodeNumber inode) const {
  const auto found = inodes_.find(inode);
  return found == inodes_.end() || !found->second.known ? nullptr : &found->second.record;
}

std::vector<std::pair<std::string, Entry>> Ledger::list(InodeNumber directory,
                                                        const std::string& after,
                                                        std::size_t most) const {
  std::vector<std::pair<std::string, Entry>> result;
  for (auto at = names_.upper_bound({directory, after});
       at != names_.end() && at->first.directory == directory && result.size() < most; ++at) {
    if (auto found = get(at->second.inode)) result.emplace_back(at->first.name, std::move(*found));
  }
  return result;
}

std::vector<InodeNumber> Ledger::inodes() const {
  std::vector<InodeNumber> result;
  for (const auto& [inode, slot] : inodes_) {
    if (slot.known) result.push_back(inode);
  }
  return result;
}

std::vector<InodeNumber> Ledger::owned_by(Lifetime::Kind kind, const std::string& owner) const {
  const auto found = owned_.find({kind, owner});
  if (found == owned_.end()) return {};
  return {found->second.begin(), found->second.end()};
}

std::vector<InodeNumber> Ledger::expired(base::WallTime now) const {
  std::vector<InodeNumber> result;
  for (const auto& [when, inode] : expiring_) {
    if (when > now) break;
    result.push_back(inode);
  }
  return result;
}

std::optional<base::WallTime> Ledger::next_expiry() const {
  if (expiring_.empty()) return std::nullopt;
  return expiring_.begin()->first;
}

// --- What this node does ---

base::Status Ledger::create(const NameKey& key, InodeNumber inode, InodeRecord record) {
  if (find(key)) return base::Error{base::ErrorCode::kAlreadyExists, "the name is taken"};
  if (this->record(inode) != nullptr) {
    return base::Error{base::ErrorCode::kAlreadyExists, "the inode number is taken"};
  }
  put_record(inode, inodes_[inode], std::move(record));
  mark(inode_key(inode));
  set_name(key, inode, 0);
  mark(name_key(key));
  return {};
}

base::Status Ledger::link(InodeNumber inode, const NameKey& key) {
  if (find(key)) return base::Error{base::ErrorCode::kAlreadyExists, "the name is taken"};
  if (record(inode) == nullptr) return no_such_name(key);
  set_name(key, inode, 0);
  mark(name_key(key));
  return {};
}

base::Status Ledger::remove(const NameKey& key) {
  const auto found = names_.find(key);
  if (found == names_.end() || record(found->second.inode) == nullptr) return no_such_name(key);
  const InodeNumber inode = found->second.inode;
  erase_name(key);
  mark(name_key(key));
  const auto slot = inodes_.find(inode);
  if (slot != inodes_.end() && slot->second.names.empty()) drop(inode);
  return {};
}

base::Status Ledger::rename(const NameKey& from, const NameKey& to) {
  const auto found = names_.find(from);
  if (found == names_.end() || record(found->second.inode) == nullptr) return no_such_name(from);
  const InodeNumber inode = found->second.inode;
  const auto target = names_.find(to);
  // Two names of one file: rename does nothing, as POSIX has it.
  if (target != names_.end() && target->second.inode == inode) return {};
  if (find(to)) TRY_STATUS(remove(to));
  set_name(to, inode, 0);
  mark(name_key(to));
  erase_name(from);
  mark(name_key(from));
  return {};
}

void Ledger::update(InodeNumber inode, const InodeRecord& record) {
  const auto found = inodes_.find(inode);
  if (found == inodes_.end() || !found->second.known) return;
  InodeSlot& slot = found->second;
  if (slot.record == record) return;
  const RecordKey key = inode_key(inode);
  if (slot.in_store && !slot.base) slot.base = encode(slot.record);
  if (slot.record.version != record.version) {
    for (const NodeName& node : slot.holders) mark(holder_key(inode, slot.record.version, node));
  }
  put_record(inode, slot, record);
  mark(key);
}

void Ledger::set_holder(InodeNumber inode, std::uint32_t version, const NodeName& node,
                        bool holds) {
  const RecordKey key = holder_key(inode, version, node);
  const auto found = inodes_.find(inode);
  const bool current_version =
      found != inodes_.end() && found->second.known && found->second.record.version == version;
  if (holds && !current_version) return;
  if (current_version) {
    const bool held = found->second.holders.contains(node);
    if (held == holds) return;
    if (holds) {
      found->second.holders.insert(node);
    } else {
      found->second.holders.erase(node);
    }
  }
  mark(key);
}

void Ledger::drop(InodeNumber inode) {
  const auto found = inodes_.find(inode);
  if (found == inodes_.end()) return;
  const InodeSlot& slot = found->second;
  for (const NodeName& node : slot.holders) mark(holder_key(inode, slot.record.version, node));
  std::vector<NameKey> names;
  for (const NameKey* name : slot.names) names.push_back(*name);
  for (const NameKey& name : names) {
    erase_name(name);
    mark(name_key(name));
  }
  forget_record(inode);
  mark(inode_key(inode));
}

// --- The maps ---

void Ledger::set_name(const NameKey& key, InodeNumber inode, ObjectVersion seen) {
  erase_name(key);
  const auto at = names_.insert_or_assign(key, NameSlot{.inode = inode, .seen = seen}).first;
  inodes_[inode].names.push_back(&at->first);
}

void Ledger::erase_name(const NameKey& key) {
  const auto found = names_.find(key);
  if (found == names_.end()) return;
  unlinked(found->second.inode, &found->first);
  names_.erase(found);
}

void Ledger::unlinked(InodeNumber inode, const NameKey* name) {
  const auto found = inodes_.find(inode);
  if (found == inodes_.end()) return;
  std::erase(found->second.names, name);
  if (!found->second.names.empty()) return;
  if (found->second.known) {
    nameless_.insert(inode);
  } else {
    inodes_.erase(found);
  }
}

void Ledger::put_record(InodeNumber inode, InodeSlot& slot, InodeRecord record) {
  if (slot.known && slot.record == record) return;
  if (slot.known) index(inode, slot.record.lifetime, false);
  if (slot.record.version != record.version) slot.holders.clear();
  slot.record = std::move(record);
  slot.known = true;
  index(inode, slot.record.lifetime, true);
  touched_.insert(inode);
}

Ledger::InodeSlot Ledger::with_names_only(std::vector<const NameKey*> names) {
  InodeSlot slot;
  slot.names = std::move(names);
  return slot;
}

void Ledger::forget_record(InodeNumber inode) {
  const auto found = inodes_.find(inode);
  if (found == inodes_.end() || !found->second.known) return;
  index(inode, found->second.record.lifetime, false);
  touched_.insert(inode);
  nameless_.erase(inode);
  if (found->second.names.empty()) {
    inodes_.erase(found);
  } else {
    found->second = with_names_only(std::move(found->second.names));
  }
}

void Ledger::index(InodeNumber inode, const Lifetime& lifetime, bool add) {
  if (lifetime.kind == Lifetime::Kind::kTtl) {
    if (add) {
      expiring_.emplace(lifetime.expires, inode);
    } else {
      expiring_.erase({lifetime.expires, inode});
    }
  } else if (lifetime.kind != Lifetime::Kind::kVolume) {
    auto& owned = owned_[{lifetime.kind, lifetime.owner}];
    if (add) {
      owned.insert(inode);
    } else if (owned.erase(inode) > 0 && owned.empty()) {
      owned_.erase({lifetime.kind, lifetime.owner});
    }
  }
}

void Ledger::mark(const RecordKey& key) {
  dirty_.insert(key);
  changed_.insert(key);
}

Value Ledger::current(const RecordKey& key) const {
  if (key.kind == Kind::kName) {
    const auto found = names_.find({key.inode, key.name});
    if (found == names_.end()) return std::nullopt;
    return encode_inode_number(found->second.inode);
  }
  const auto found = inodes_.find(key.inode);
  if (found == inodes_.end() || !found->second.known) return std::nullopt;
  const InodeSlot& slot = found->second;
  if (key.kind == Kind::kInode) return encode(slot.record);
  const bool holds = slot.record.version == key.version && slot.holders.contains(key.name);
  return holds ? Value("1") : std::nullopt;
}

Changes Ledger::take_changes() {
  Changes changes;
  for (const RecordKey& key : std::exchange(changed_, {})) {
    const auto found = inodes_.find(key.inode);
    const bool update =
        key.kind == Kind::kInode && found != inodes_.end() && found->second.in_store;
    changes[encode(key)] = {.value = current(key), .update = update};
  }
  return changes;
}

// --- Publication ---

const Ledger::Batch& Ledger::take_batch(std::size_t most) {
  CHECK(!batch_);
  batch_.emplace();
  // Inodes come first in the order of keys: no name is published before what it leads to.
  while (!dirty_.empty() && flying_.size() < most) {
    const RecordKey key = *dirty_.begin();
    dirty_.erase(dirty_.begin());
    flying_.insert(key);
    Value value = current(key);
    if (key.kind == Kind::kInode && value) {
      const auto& base = inodes_.at(key.inode).base;
      batch_->guards.emplace_back(encode(key), base.value_or(""));
    }
    batch_->values.emplace(encode(key), std::move(value));
  }
  return *batch_;
}

void Ledger::published(ObjectVersion version) {
  CHECK(batch_);
  ++batches_published_;
  landed_.clear();
  for (const RecordKey& key : flying_) {
    set_seen(key, version);
    if (!dirty_.contains(key)) landed_.push_back(encode(key));
    if (key.kind != Kind::kInode) continue;
    const auto found = inodes_.find(key.inode);
    if (found == inodes_.end() || !found->second.known) continue;
    Value& sent = batch_->values.at(encode(key));
    found->second.in_store = sent.has_value();
    found->second.base = dirty_.contains(key) ? std::move(sent) : std::nullopt;
  }
  land({});
}

void Ledger::failed() { land(std::set<RecordKey>(flying_)); }

void Ledger::conflicted(const Values& current) {
  CHECK(batch_);
  std::set<RecordKey> again = flying_;
  for (const auto& [bytes, guard] : batch_->guards) {
    const auto key = decode_record_key(bytes);
    const auto found = inodes_.find(key->inode);
    const auto theirs = current.find(bytes);
    if (found == inodes_.end() || !found->second.known || theirs == current.end()) continue;
    if (theirs->second.value_or("") == guard) continue;
    const auto record = decode_inode_record(theirs->second.value_or(""));
    if (!record.ok()) {  // somebody removed it
      again.erase(*key);
      dirty_.erase(*key);
      forget_record(key->inode);
      continue;
    }
    const auto base = decode_inode_record(guard);
    put_record(
        key->inode, found->second,
        merge(base.ok() ? std::optional(*base) : std::nullopt, found->second.record, *record));
    found->second.base = theirs->second;
    found->second.in_store = true;
  }
  land(std::move(again));
}

// The batch is over; `again` is to be sent once more.
void Ledger::land(std::set<RecordKey> keys) {
  dirty_.merge(keys);
  flying_.clear();
  batch_.reset();
  for (const auto& [values, version] : std::exchange(late_, {})) hear(values, version);
}

// --- What others published ---

ObjectVersion Ledger::seen(const RecordKey& key) const {
  if (key.kind == Kind::kName) {
    const auto found = names_.find({key.inode, key.name});
    if (found != names_.end()) return found->second.seen;
  } else if (key.kind == Kind::kInode) {
    const auto found = inodes_.find(key.inode);
    if (found != inodes_.end() && found->second.known) return found->second.seen;
  }
  const auto gone = gone_.find(key);
  return gone == gone_.end() ? 0 : gone->second;
}

void Ledger::set_seen(const RecordKey& key, ObjectVersion version) {
  if (key.kind == Kind::kHolder) return;
  if (key.kind == Kind::kName) {
    const auto found = names_.find({key.inode, key.name});
    if (found != names_.end()) {
      found->second.seen = version;
      return;
    }
  } else {
    const auto found = inodes_.find(key.inode);
    if (found != inodes_.end() && found->second.known) {
      found->second.seen = version;
      return;
    }
  }
  if (!gone_.contains(key)) gone_order_.push_back(key);
  gone_[key] = version;
  if (gone_order_.size() > kGoneMax) {
    gone_.erase(gone_order_.front());
    gone_order_.pop_front();
  }
}

void Ledger::hear(const Values& values, ObjectVersion version) {
  if (in_flight()) {
    late_.emplace_back(values, version);
    return;
  }
  // Inodes first: holders and names are about them.
  for (const bool inodes : {true, false}) {
    for (const auto& [bytes, value] : values) {
      const auto key = decode_record_key(bytes);
      if (key.ok() && (key->kind == Kind::kInode) == inodes) hear_one(*key, value, version);
    }
  }
  collect_nameless();
}

void Ledger::hear_one(const RecordKey& key, const Value& value, ObjectVersion version) {
  if (key.kind == Kind::kSequence) return;
  if (key.kind == Kind::kHolder) return hear_holder(key, value.has_value());
  if (version <= seen(key)) return;
  if (key.kind == Kind::kName) {
    // What this node is about to publish comes later, so it stands.
    if (!dirty_.contains(key)) hear_name(key, value);
  } else {
    hear_inode(key, value);
  }
  set_seen(key, version);
}

void Ledger::hear_name(const RecordKey& key, const Value& value) {
  const NameKey name{key.inode, key.name};
  if (!value) return erase_name(name);
  ByteReader in(*value);
  const auto inode = in.number<InodeNumber>();
  if (in.at_end() && inode <= storage::kInodeMax) set_name(name, inode, 0);
}

void Ledger::hear_inode(const RecordKey& key, const Value& value) {
  const auto found = inodes_.find(key.inode);
  const bool here = found != inodes_.end() && found->second.known;
  if (!value) {
    dirty_.erase(key);
    return forget_record(key.inode);
  }
  const auto theirs = decode_inode_record(*value);
  if (!theirs.ok() || (!here && dirty_.contains(key))) return;  // removed here, not yet there
  InodeSlot& slot = inodes_[key.inode];
  if (dirty_.contains(key)) {
    std::optional<InodeRecord> base;
    if (slot.base) {
      if (auto decoded = decode_inode_record(*slot.base); decoded.ok()) base = std::move(*decoded);
    }
    put_record(key.inode, slot, merge(base, slot.record, *theirs));
    slot.base = *value;
  } else {
    put_record(key.inode, slot, *theirs);
  }
  slot.in_store = true;
}

void Ledger::hear_holder(const RecordKey& key, bool holds) {
  const auto found = inodes_.find(key.inode);
  if (found == inodes_.end() || !found->second.known || dirty_.contains(key)) return;
  if (found->second.record.version != key.version) return;
  if (holds) {
    found->second.holders.insert(key.name);
  } else {
    found->second.holders.erase(key.name);
  }
}

// Two nodes gave one name to two files: the one that lost it is collected by the node that made it.
void Ledger::collect_nameless() {
  for (const InodeNumber inode : std::exchange(nameless_, {})) {
    const auto found = inodes_.find(inode);
    if (found == inodes_.end() || !found->second.known || !found->second.names.empty()) continue;
    if (found->second.record.writer == self_) drop(inode);
  }
}

void Ledger::hear_all(const std::map<std::string, std::string>& values, ObjectVersion version) {
  CHECK(!in_flight());
  for (const bool inodes : {true, false}) {
    for (const auto& [bytes, value] : values) {
      const auto key = decode_record_key(bytes);
      if (key.ok() && (key->kind == Kind::kInode) == inodes) hear_one(*key, value, version);
    }
  }
  std::vector<RecordKey> gone;
  for (const auto& [name, slot] : names_) gone.push_back(name_key(name));
  for (const auto& [inode, slot] : inodes_) {
    if (slot.known) gone.push_back(inode_key(inode));
  }
  for (const RecordKey& key : gone) {
    if (!dirty_.contains(key) && !values.contains(encode(key)))
      hear_one(key, std::nullopt, version);
  }
  collect_nameless();
}

void Ledger::replay(const std::string& bytes, const Change& change) {
  const Value& value = change.value;
  const auto key = decode_record_key(bytes);
  if (!key.ok() || key->kind == Kind::kSequence || current(*key) == value) return;
  if (key->kind == Kind::kName) {
    hear_name(*key, value);
    mark(*key);
  } else if (key->kind == Kind::kHolder) {
    set_holder(key->inode, key->version, key->name, value.has_value());
  } else if (!value) {
    drop(key->inode);
  } else if (const auto mine = decode_inode_record(*value); mine.ok()) {
    InodeSlot& slot = inodes_[key->inode];
    if (slot.known) {
      update(key->inode, merge(slot.record, *mine, slot.record));
    } else if (!change.update) {
      put_record(key->inode, slot, *mine);
      mark(*key);
    } else if (slot.names.empty()) {
      inodes_.erase(key->inode);
    }
  }
}

}  // namespace storage_ephemeral
