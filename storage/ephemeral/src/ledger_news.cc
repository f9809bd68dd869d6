// What others published, and what the journal had.
#include "base/check.h"
#include "bytes.h"
#include "ledger.h"
#include "ledger_keys.h"

namespace storage_ephemeral {
namespace {

using storage::InodeNumber;
using storage::NameKey;
using storage::ObjectVersion;
using Kind = RecordKey::Kind;

}  // namespace

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
