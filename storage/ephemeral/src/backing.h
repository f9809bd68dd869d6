// The node's own files in which the bytes of a volume's ephemeral files are.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "storage/tree.h"

namespace storage_ephemeral {

struct FileKey {
  storage::InodeNumber inode = 0;
  std::uint32_t version = 0;

  auto operator<=>(const FileKey&) const = default;
};

using SharedFd = std::shared_ptr<base::UniqueFd>;

// A directory with one file for each version, named by its numbers; ".part" marks those that are
// being fetched. Threads: any. Errors: of the disk (kNoSpace for ENOSPC and EDQUOT).
class BackingFiles {
 public:
  static base::Result<BackingFiles> open(const std::string& directory);

  base::Result<SharedFd> create(FileKey key, bool part) const;
  base::Result<SharedFd> open_file(FileKey key) const;  // for reading and writing
  base::Result<std::uint64_t> size(FileKey key) const;
  // A new file with the bytes that another begins with; shared blocks where the disk can.
  base::Result<SharedFd> copy(int from, std::uint64_t size, FileKey to) const;
  // The part is all there.
  base::Status complete(FileKey key) const;
  void remove(FileKey key) const;
  void remove_part(FileKey key) const;

  // What is there: complete ones, or ours; parts are removed.
  std::vector<FileKey> scan() const;
  std::string outbox_path() const { return directory_ + "/outbox"; }

 private:
  explicit BackingFiles(std::string directory) : directory_(std::move(directory)) {}
  std::string directory_;
  std::shared_ptr<base::UniqueFd> files_;
};

// A second descriptor for the same open file.
base::Result<base::UniqueFd> duplicate(const base::UniqueFd& fd);
base::Result<std::uint64_t> size_of(const base::UniqueFd& fd);

}  // namespace storage_ephemeral
