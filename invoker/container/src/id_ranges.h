// Which ids of the host stand for the ids of which sandbox.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"

namespace invoker_container {

// Ranges of user and group ids, each for one sandbox at a time, whichever process of this host
// makes it: who has a range holds a lock on these bytes of a file that all share. The lock belongs
// to the open file, so a process that keeps fd() open keeps the ranges taken.
//
// Threads: any.
class IdRanges {
 public:
  static constexpr std::int64_t kSize = 65'536;

  // The ranges that fit between `first` and `end`; the file at `path` is made where it is missing.
  // Errors: kInvalidArgument when no range fits, or the kernel cannot have such ids.
  static base::Result<std::unique_ptr<IdRanges>> open(const std::string& path, std::int64_t first,
                                                      std::int64_t end);

  // The first id of the lowest range that nobody has. kUnavailable when all are taken.
  base::Result<std::int64_t> take();
  // For when no process runs any more under an id of the range, and no file will be written.
  void give_back(std::int64_t first);

  int fd() const { return file_.get(); }

 private:
  IdRanges(base::UniqueFd file, std::int64_t first, std::size_t count)
      : file_(std::move(file)), first_(first), taken_(count) {}

  const base::UniqueFd file_;
  const std::int64_t first_;
  std::mutex mutex_;  // guards what follows
  std::vector<bool> taken_;
};

}  // namespace invoker_container
