// Inode numbers, leased from the volume in ranges.
//
// Threads: any method from any thread.
#pragma once

#include <mutex>

#include "volume.h"

namespace storage_tree {

class Inodes {
 public:
  explicit Inodes(Volume& volume) : volume_(volume) {}
  // The first of `count`. kNoSpace: the volume has no numbers left.
  base::Result<InodeNumber> reserve(std::uint64_t count);

 private:
  base::Result<InodeNumber> lease(std::uint64_t count);

  Volume& volume_;
  std::mutex mutex_;  // guards everything below
  InodeNumber next_ = 0, end_ = 0;
};

}  // namespace storage_tree
