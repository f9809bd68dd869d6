// What people ask of a volume as a whole, and what fsck finds in it.
#include "locked.h"

namespace storage_ephemeral {

using storage::InodeNumber;
using storage::NameKey;

std::uint64_t VolumeImpl::count() const {
  const std::lock_guard lock(mutex_);
  return ledger_.inodes().size();
}

std::set<InodeNumber> VolumeImpl::durable_directories() const {
  const std::lock_guard lock(mutex_);
  std::set<InodeNumber> directories;
  for (const NameKey& key : ledger_.names()) {
    if (ledger_.record(key.directory) == nullptr) directories.insert(key.directory);
  }
  return directories;
}

bool VolumeImpl::has_bytes(InodeNumber inode, const InodeRecord& record) const {
  const auto fd = backing_.open_file({inode, record.version});
  if (!fd.ok()) return false;
  const auto size = size_of(**fd);
  return size.ok() && *size == record.size;
}

std::vector<LiveFinding> VolumeImpl::check(const std::set<InodeNumber>& gone, bool repair) {
  using Kind = LiveFinding::Kind;
  Locked locked(*this);
  std::vector<LiveFinding> findings;
  for (const NameKey& key : ledger_.names()) {
    if (!gone.contains(key.directory)) continue;
    const auto entry = ledger_.find(key);
    const bool removed = repair && ledger_.remove(key).ok();
    findings.push_back({Kind::kNoDirectory, entry ? entry->inode : 0, key, removed});
  }
  const NodeName& self = context_.settings.name;
  for (const InodeNumber inode : ledger_.inodes()) {
    const auto entry = ledger_.get(inode);
    if (!entry || entry->record.attributes.type != storage::FileType::kRegular) continue;
    if (entry->record.state != FileState::kSealed || !entry->holders.contains(self)) continue;
    if (has_bytes(inode, entry->record)) continue;
    findings.push_back(
        {Kind::kMissingBytes, inode, ledger_.name_of(inode).value_or(NameKey{}), repair});
    if (!repair) continue;
    ledger_.set_holder(inode, entry->record.version, self, false);
    held_.erase(inode);
    if (entry->holders.size() == 1) ledger_.drop(inode);  // nobody else has it
  }
  return findings;
}

}  // namespace storage_ephemeral
