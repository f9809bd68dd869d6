// Small things that are done with files.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "storage/tree.h"

namespace storage_attempts {

base::Result<std::string> read_file(int fd);
// 0 or an errno.
int write_at(int fd, std::string_view bytes, std::uint64_t offset);
// All bytes of `from` into the empty file `to`: shared where the file system can, else copied with
// the holes left out. 0 or an errno.
int clone_or_copy(int from, int to);
bool clone(int from, int to);

storage::FileTime time_of(const timespec& time);
timespec timespec_of(storage::FileTime time);
// The clock that file systems give their files times from.
storage::FileTime file_time_now();

}  // namespace storage_attempts
