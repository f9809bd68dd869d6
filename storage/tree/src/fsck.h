// Looks at everything that a volume has, and mends what can be mended.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "log.h"
#include "transfer.h"
#include "volume.h"

namespace storage_tree {

class Fsck {
 public:
  using Commit = std::function<base::Result<Outcome>(const storage::WriteSet&)>;

  // Repairs that change the tree are commits like any other.
  Fsck(Volume& volume, Log& log, Transfer& transfer, bool repair, Commit commit)
      : volume_(volume), log_(log), transfer_(transfer), repair_(repair), commit_(commit) {}

  base::Result<FsckReport> run();

 private:
  struct Named {
    NameKey key;
    Entry entry;  // without inline bytes and attributes other than the type
  };
  using DataFile = std::pair<InodeNumber, std::string>;  // inode, writer

  base::Status list_objects();
  base::Status read_log(const Head& head);
  base::Status read_range(const std::string& object, const std::string& start,
                          const std::string& end);
  void read_key(const std::string& object, const std::string& key, const std::string& value);
  void add_entry(const NameKey& key, CommitNumber number, Entry entry);
  void add_shared(InodeNumber inode, const InodeVersions& versions);
  void refer(const Entry& entry, bool now);
  base::Status check_directories();
  base::Status relink(InodeNumber directory);
  base::Status mend_links(InodeNumber directory, std::int64_t by);
  void check_inodes();
  base::Status check_data();
  base::Status check_metadata_objects();
  base::Status remove(const storage::ObjectId& object, Finding::Kind kind, const std::string& what);
  void found(Finding::Kind kind, std::string what, bool repaired = false);

  Volume& volume_;
  Log& log_;
  Transfer& transfer_;
  const bool repair_;
  const Commit commit_;
  FsckReport report_;

  std::set<std::string> data_, metadata_;  // names of objects, listed before all else
  std::set<DataFile> expected_;            // being uploaded, or waiting to be deleted
  std::set<std::string> known_metadata_;
  bool damaged_ = false;  // then nothing is concluded from what was not read
  std::map<DataFile, std::vector<storage::Content::Run>> referred_;  // by entries as of now
  std::set<DataFile> referred_ever_;
  std::vector<Named> names_;                                  // as of now
  std::map<InodeNumber, std::vector<std::size_t>> of_inode_;  // indexes of names_
  std::map<InodeNumber, DirectoryVersion> done_in_;           // directories
  std::map<InodeNumber, InodeVersion> shared_;
  NameKey last_key_;
  bool last_seen_ = false;
};

}  // namespace storage_tree
