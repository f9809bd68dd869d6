// The files of one attempt on this node's disk: what it wrote, and copies of what it opened.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"
#include "storage/tree.h"

namespace storage_daemon {

// A file is under its inode's number once it is whole. Threads: any.
class Staging {
 public:
  // Made where it is missing.
  static base::Result<Staging> open(const std::filesystem::path& directory);

  // A new, empty file; one that is there already is emptied. An invalid descriptor: see errno.
  base::UniqueFd make(storage::InodeNumber inode) const;
  // Invalid where there is none.
  base::UniqueFd find(storage::InodeNumber inode) const;
  bool stat(storage::InodeNumber inode, struct stat& into) const;
  void remove(storage::InodeNumber inode) const;

  // A file that `fill` writes, under its number when that is done; what is there already stays.
  base::Status put(storage::InodeNumber inode, storage::FileTime modified,
                   const std::function<base::Status(int fd)>& fill) const;

  int fd() const { return directory_.get(); }

 private:
  explicit Staging(base::UniqueFd directory) : directory_(std::move(directory)) {}

  base::UniqueFd directory_;
};

// Copies all of `from` to the empty file `to`, sharing the disk's blocks where it can.
base::Status copy_file(int from, int to);

timespec timespec_of(storage::FileTime time);
storage::FileTime time_of(const timespec& time);

}  // namespace storage_daemon
