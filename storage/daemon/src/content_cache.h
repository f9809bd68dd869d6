// Copies of durable files on this node's disk. What an inode holds by one writer never changes, so
// a copy is never stale.
#pragma once

#include <cstdint>
#include <filesystem>
#include <list>
#include <map>
#include <mutex>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"
#include "storage_tree/tree.h"

namespace storage_daemon {

// Threads: any.
class ContentCache {
 public:
  // Knows what an earlier one left in the directory.
  static base::Result<std::unique_ptr<ContentCache>> open(const std::filesystem::path& directory,
                                                          std::int64_t bytes_max);

  struct Found {
    base::UniqueFd fd;  // to read
    bool was_here = false;
  };
  // The file with the bytes of `inode`, fetched where it is not here. Waits for the store.
  // `volume` is a name for a file. Errors: the store's; kNoSpace.
  base::Result<Found> get(storage_tree::Tree& tree, const std::string& volume,
                          storage::InodeNumber inode, const storage::Content& content);

  std::int64_t bytes() const;

 private:
  struct File {
    std::string name;
    std::int64_t bytes = 0;
  };

  ContentCache(std::filesystem::path directory, std::int64_t bytes_max)
      : directory_(std::move(directory)), bytes_max_(bytes_max) {}
  void scan();
  base::UniqueFd find(const std::string& name);
  void add(const std::string& name, std::int64_t bytes);

  const std::filesystem::path directory_;
  const std::int64_t bytes_max_;
  mutable std::mutex mutex_;
  // Guarded by mutex_:
  std::list<File> files_;  // the last used first
  std::map<std::string, std::list<File>::iterator> by_name_;
  std::int64_t bytes_ = 0;
  std::uint64_t next_part_ = 0;
};

// Writes the bytes of a durable file to `fd`, a piece at a time. Holes stay holes.
base::Status fetch_content(storage_tree::Tree& tree, storage::InodeNumber inode,
                           const storage::Content& content, int fd);

}  // namespace storage_daemon
