#include "ledger.h"

#include "ledger_keys.h"

namespace storage_ephemeral {
namespace {

using storage::InodeNumber;
using storage::NameKey;

base::Error no_such_name(const NameKey& key) {
  return {base::ErrorCode::kNotFound, "no ephemeral name " + key.name};
}

}  // namespace

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

std::optional<NameKey> Ledger::name_of(InodeNumber inode) const {
  const auto found = inodes_.find(inode);
  if (found == inodes_.end() || found->second.names.empty()) return std::nullopt;
  return *found->second.names.front();
}

std::vector<NameKey> Ledger::names() const {
  std::vector<NameKey> names;
  names.reserve(names_.size());
  for (const auto& [key, slot] : names_) names.push_back(key);
  return names;
}

const InodeRecord* Ledger::record(InodeNumber inode) const {
  const auto found = inodes_.find(inode);
  return found == inodes_.end() || !found->second.known ? nullptr : &found->second.record;
}

std::optional<InodeNumber> Ledger::inode_at(const NameKey& key) const {
  const auto found = names_.find(key);
  return found == names_.end() ? std::nullopt : std::optional(found->second.inode);
}

std::uint32_t Ledger::links(InodeNumber inode) const {
  const auto found = inodes_.find(inode);
  return found == inodes_.end() ? 0 : static_cast<std::uint32_t>(found->second.names.size());
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

std::uint32_t Ledger::subdirectories(InodeNumber directory) const {
  const auto found = subdirectories_.find(directory);
  return found == subdirectories_.end() ? 0 : found->second;
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

}  // namespace storage_ephemeral
