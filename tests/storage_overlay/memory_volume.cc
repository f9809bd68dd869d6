#include "memory_volume.h"

#include <algorithm>
#include <utility>

namespace storage_overlay {

MemoryVolume::MemoryVolume() {
  Entry root;
  root.inode = storage::kRootInode;
  root.attributes.type = FileType::kDirectory;
  root.attributes.permissions = 0755;
  root.links = 2;
  names_[storage::kRootKey] = root;
}

std::optional<Entry> MemoryVolume::find(const NameKey& key) const {
  const auto at = names_.find(key);
  if (at == names_.end()) return std::nullopt;
  const auto shared = shared_.find(at->second.inode);
  return shared != shared_.end() ? shared->second : at->second;
}

std::shared_ptr<const Listing> MemoryVolume::list(InodeNumber directory) const {
  auto listing = std::make_shared<Listing>();
  for (auto at = names_.lower_bound({directory, ""});
       at != names_.end() && at->first.directory == directory; ++at)
    listing->emplace_back(at->first.name, *find(at->first));
  return listing;
}

CommitNumber MemoryVolume::committed(const NameKey& key) const {
  const auto entry = find(key);
  return entry ? entry->committed : 0;
}

CommitNumber MemoryVolume::committed(InodeNumber inode) const {
  if (const auto at = shared_.find(inode); at != shared_.end()) return at->second.committed;
  for (const auto& [key, entry] : names_)
    if (entry.inode == inode) return entry.committed;
  return 0;
}

bool MemoryVolume::guards_hold(const storage::WriteSet& write) const {
  for (const auto& [key, commit] : write.seen)
    if (committed(key) != commit) return false;
  for (const auto& [inode, commit] : write.seen_shared)
    if (commit != 0 && committed(inode) != commit) return false;
  return true;
}

bool MemoryVolume::is_tree() const {
  std::map<InodeNumber, InodeNumber> parents;
  for (const auto& [key, entry] : names_)
    if (entry.attributes.type == FileType::kDirectory) parents[entry.inode] = key.directory;
  for (const auto& [key, entry] : names_) {
    InodeNumber directory = key.directory;
    for (std::size_t steps = 0; directory != 0 && directory != storage::kRootInode; ++steps) {
      const auto parent = parents.find(directory);
      if (parent == parents.end() || steps > parents.size()) return false;
      directory = parent->second;
    }
  }
  return true;
}

bool MemoryVolume::commit(const storage::WriteSet& write) {
  if (!guards_hold(write)) return false;
  const MemoryVolume before = *this;
  apply(write);
  if (is_tree()) return true;
  const InodeNumber next = next_inode_;
  *this = before;
  next_inode_ = next;
  return false;
}

void MemoryVolume::apply(const storage::WriteSet& write) {
  ++head_;
  std::map<InodeNumber, std::uint32_t> directory_links;
  for (const auto& [key, entry] : names_)
    if (entry.attributes.type == FileType::kDirectory) directory_links[entry.inode] = entry.links;
  for (const auto& [key, entry] : write.names) {
    if (!entry) {
      names_.erase(key);
      continue;
    }
    Entry& stored = names_[key] = *entry;
    stored.committed = head_;
    // A record that is there is older than this value.
    if (const auto record = shared_.find(stored.inode); record != shared_.end())
      record->second = stored;
    const auto links = directory_links.find(stored.inode);
    if (links != directory_links.end()) stored.links = links->second;
  }
  for (const auto& [inode, entry] : write.shared) {
    if (entry.links == 0) {
      shared_.erase(inode);
      continue;
    }
    shared_[inode] = entry;
    shared_[inode].committed = head_;
  }
  for (auto& [key, entry] : names_) {
    const auto step = write.directories.find(entry.inode);
    if (step == write.directories.end()) continue;
    auto& attributes = entry.attributes;
    attributes.modified = std::max(attributes.modified, step->second.modified);
    attributes.changed = std::max(attributes.changed, step->second.modified);
    entry.links =
        static_cast<std::uint32_t>(static_cast<int>(entry.links) + step->second.subdirectories);
  }
}

InodeNumber MemoryVolume::reserve(std::uint64_t count) {
  return std::exchange(next_inode_, next_inode_ + count);
}

void MemoryVolume::tell(Overlay& overlay, const Need& need) {
  ++asked_;
  for (const auto& key : need.names) overlay.learn(key, find(key));
  for (const InodeNumber inode : need.directories) overlay.learn_directory(inode, list(inode));
  if (need.inodes) {
    overlay.give_inodes(reserve(64), 64);
  }
}

}  // namespace storage_overlay
