// The bytes of files, as data objects, several at a time.
//
// Threads: any method from any thread.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "volume.h"

namespace storage_tree {

// Starts `count` requests by `start`, at most `most` of them under way, and waits for all that were
// started. The first error is given, and none is started after it.
base::Status run_bounded(
    std::uint64_t count, std::size_t most,
    const std::function<void(std::uint64_t, std::function<void(base::Status)>)>& start);

// The data objects of a sparse file: those with at least one byte that is not in a hole.
base::Result<std::vector<storage::Content::Run>> data_runs(int fd, std::uint64_t size);

class Transfer {
 public:
  explicit Transfer(Volume& volume) : volume_(volume) {}

  base::Status upload(const std::string& writer, InodeNumber inode, int fd, const Content& content);
  base::Result<std::string> read(InodeNumber inode, const Content& content, std::uint64_t offset,
                                 std::uint64_t length);
  // Objects that are not there are removed already.
  base::Status remove(const std::vector<storage::ObjectId>& objects);

 private:
  Volume& volume_;
};

}  // namespace storage_tree
