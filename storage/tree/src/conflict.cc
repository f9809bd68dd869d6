#include "conflict.h"

#include <algorithm>

namespace storage_tree {
namespace {

using hints::Isolation;

// What may be overwritten by who comes later, where the isolation allows it: the whole value of one
// name, which nothing else depends on.
bool is_plain(const NameChange& change) {
  return !change.directory && !change.was_directory && !change.foreign && !change.shared;
}

}  // namespace

bool moves_directory(const Commit& commit) {
  std::map<InodeNumber, InodeNumber> parents;
  for (const auto& name : commit.names) {
    if (name.was_directory) parents[name.old_inode] = name.key.directory;
  }
  return std::any_of(commit.names.begin(), commit.names.end(), [&](const NameChange& name) {
    const auto found = parents.find(name.inode);
    return name.directory && found != parents.end() && found->second != name.key.directory;
  });
}

Footprint::Footprint(const Commit& mine, const storage::ReadSet& read, Isolation isolation)
    : mine_(mine), read_(read), isolation_(isolation) {
  for (const auto& name : mine.names) {
    names_[name.key] = &name;
    if (name.inode != 0) inodes_[name.inode].insert(name.key);
    if (name.old_inode != 0) inodes_[name.old_inode].insert(name.key);
  }
  for (const auto inode : mine.shared) inodes_[inode];
}

std::optional<Clash> Footprint::against(const Commit& theirs) const {
  for (const auto& name : theirs.names) {
    if (auto clash = name_clash(name)) return clash;
  }
  if (auto clash = structure_clash(theirs)) return clash;
  if (auto clash = inode_clash(theirs)) return clash;
  if (isolation_ == Isolation::kSerializable) return read_clash(theirs);
  return std::nullopt;
}

bool Footprint::names_meet(const Commit& theirs) const {
  return std::any_of(theirs.names.begin(), theirs.names.end(),
                     [&](const NameChange& name) { return names_.contains(name.key); });
}

std::optional<Clash> Footprint::name_clash(const NameChange& theirs) const {
  const auto found = names_.find(theirs.key);
  if (found == names_.end()) return std::nullopt;
  const bool last_wins = isolation_ == Isolation::kNone || isolation_ == Isolation::kReadAtomic;
  if (last_wins && is_plain(theirs) && is_plain(*found->second)) return std::nullopt;
  return Clash{theirs.key, "both changed it"};
}

// What holds at every isolation, so that the tree stays a tree.
std::optional<Clash> Footprint::structure_clash(const Commit& theirs) const {
  for (const auto& name : theirs.names) {
    if (name.inode != 0 && mine_.removed_directories.contains(name.key.directory)) {
      return Clash{name.key, "it was made in a directory that this attempt removed"};
    }
  }
  for (const auto& name : mine_.names) {
    if (name.inode != 0 && theirs.removed_directories.contains(name.key.directory)) {
      return Clash{name.key, "its directory was removed"};
    }
  }
  if (mine_.moves_directory && theirs.moves_directory) {
    // Each alone is sound; together they may make a circle that nothing leads to.
    const auto moved = std::find_if(mine_.names.begin(), mine_.names.end(),
                                    [](const NameChange& name) { return name.directory; });
    return Clash{moved->key, "both moved directories"};
  }
  return std::nullopt;
}

// Is the inode under another name than `key` here, or shared?
bool Footprint::inode_elsewhere(InodeNumber inode, const NameKey* key) const {
  const auto found = inodes_.find(inode);
  if (found == inodes_.end()) return false;
  const auto& names = found->second;
  return names.empty() || key == nullptr || names.size() > 1 || *names.begin() != *key;
}

std::optional<Clash> Footprint::inode_clash(const Commit& theirs) const {
  for (const auto& name : theirs.names) {
    for (const auto inode : {name.inode, name.old_inode}) {
      if (inode != 0 && inode_elsewhere(inode, &name.key)) {
        return Clash{name.key, "both changed the file, under different names"};
      }
    }
  }
  for (const auto inode : theirs.shared) {
    if (!inode_elsewhere(inode, nullptr)) continue;
    const auto& names = inodes_.at(inode);
    return Clash{names.empty() ? NameKey{0, ""} : *names.begin(),
                 "both changed inode " + std::to_string(inode) + ", which has several names"};
  }
  return std::nullopt;
}

std::optional<Clash> Footprint::read_clash(const Commit& theirs) const {
  for (const auto& name : theirs.names) {
    if (read_.names.contains(name.key)) return Clash{name.key, "this attempt read it"};
    if (read_.directories.contains(name.key.directory)) {
      return Clash{name.key, "this attempt listed its directory"};
    }
  }
  for (const auto inode : theirs.shared) {
    if (read_.files.contains(inode)) {
      return Clash{NameKey{0, ""}, "this attempt read inode " + std::to_string(inode)};
    }
  }
  return std::nullopt;
}

}  // namespace storage_tree
