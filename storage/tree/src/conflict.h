// Whether a transaction may follow a commit that it did not know of: pure.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "hints/hints.h"
#include "records.h"

namespace storage_tree {

struct Clash {
  NameKey name;
  std::string reason;
};

// One transaction's own change and what it read.
class Footprint {
 public:
  // Both must outlive it.
  Footprint(const Commit& mine, const storage::ReadSet& read, hints::Isolation isolation);

  // `theirs` was committed after the snapshot of this one.
  std::optional<Clash> against(const Commit& theirs) const;
  // Do they write the same name?
  bool names_meet(const Commit& theirs) const;

 private:
  std::optional<Clash> name_clash(const NameChange& theirs) const;
  std::optional<Clash> structure_clash(const Commit& theirs) const;
  std::optional<Clash> inode_clash(const Commit& theirs) const;
  std::optional<Clash> read_clash(const Commit& theirs) const;
  bool inode_elsewhere(InodeNumber inode, const NameKey* key) const;

  const Commit& mine_;
  const storage::ReadSet& read_;
  const hints::Isolation isolation_;
  std::map<NameKey, const NameChange*> names_;
  std::map<InodeNumber, std::set<NameKey>> inodes_;  // under which of `names_`; none: shared
};

// Does it give a directory that was there another parent?
bool moves_directory(const Commit& commit);

}  // namespace storage_tree
