// Reading the tree as of one commit.
//
// Threads: any method from any thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "storage_tree/outcome.h"
#include "volume.h"

namespace storage_tree {

class Reader {
 public:
  explicit Reader(Volume& volume) : volume_(volume) {}

  void learn(const Head& head);  // saves a question later

  base::Result<std::optional<Entry>> lookup(CommitNumber number, const NameKey& key);
  base::Result<Listing> list(CommitNumber number, InodeNumber directory, const std::string& after,
                             std::size_t most);
  // The entry as it was written, without what was done in a directory or to a shared inode.
  base::Result<std::optional<Entry>> stored(CommitNumber number, const NameKey& key);
  base::Result<std::vector<NameVersion>> versions(const NameKey& key, std::size_t most);
  // Entries by the exact keys of their versions; what is not there is left out.
  base::Result<std::map<NameKey, Entry>> stored(const std::map<NameKey, CommitNumber>& versions);

 private:
  using Names = std::vector<std::pair<std::string, Entry>>;
  base::Status list_page(CommitNumber number, InodeNumber directory, const RangeMap& map,
                         std::string& after, std::size_t most, Names& names, bool& more);
  base::Status complete(CommitNumber number, const RangeMap& map, std::vector<Entry*> entries);
  base::Result<bool> has_shared_inodes(CommitNumber number);

  Volume& volume_;
  std::mutex mutex_;           // guards everything below
  CommitNumber unshared_ = 0;  // up to here the volume has no inode records
  bool shared_known_ = false;  // it has some
};

}  // namespace storage_tree
