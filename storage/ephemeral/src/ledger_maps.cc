// The maps of a ledger, and what they say of a key.
#include "bytes.h"
#include "ledger.h"

namespace storage_ephemeral {
namespace {

using storage::InodeNumber;
using storage::NameKey;
using storage::ObjectVersion;
using Kind = RecordKey::Kind;

constexpr std::size_t kGoneMax = 8192;

std::string encode_inode_number(InodeNumber inode) { return ByteWriter().number(inode).take(); }

}  // namespace

void Ledger::set_name(const NameKey& key, InodeNumber inode, ObjectVersion seen) {
  erase_name(key);
  const auto at = names_.insert_or_assign(key, NameSlot{.inode = inode, .seen = seen}).first;
  InodeSlot& slot = inodes_[inode];
  slot.names.push_back(&at->first);
  count_if_directory(slot, key, 1);
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
  count_if_directory(found->second, *name, -1);
  std::erase(found->second.names, name);
  if (!found->second.names.empty()) return;
  if (found->second.known) {
    nameless_.insert(inode);
  } else {
    inodes_.erase(found);
  }
}

void Ledger::count_if_directory(const InodeSlot& slot, const NameKey& name, int step) {
  if (!slot.known || slot.record.attributes.type != storage::FileType::kDirectory) return;
  auto& count = subdirectories_[name.directory];
  count = step > 0 ? count + 1 : count - 1;
  if (count == 0) subdirectories_.erase(name.directory);
}

void Ledger::put_record(InodeNumber inode, InodeSlot& slot, InodeRecord record) {
  if (slot.known && slot.record == record) return;
  if (slot.known) index(inode, slot.record.lifetime, false);
  for (const NameKey* name : slot.names) count_if_directory(slot, *name, -1);
  if (slot.record.version != record.version) slot.holders.clear();
  slot.record = std::move(record);
  slot.known = true;
  for (const NameKey* name : slot.names) count_if_directory(slot, *name, 1);
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
  for (const NameKey* name : found->second.names) count_if_directory(found->second, *name, -1);
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
    changes.emplace_back(encode(key), Change{.value = current(key), .update = update});
  }
  return changes;
}

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

}  // namespace storage_ephemeral
