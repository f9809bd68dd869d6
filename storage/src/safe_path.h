// Paths inside a volume, whose owner may have put anything there: never left, no link followed.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"

namespace storage {

// openat2(2) below `directory_fd`; close-on-exec. kInvalidArgument where the path leaves the
// directory, follows a symbolic link or passes through a file.
base::Result<base::UniqueFd> open_beneath(int directory_fd, const std::string& path,
                                          std::uint64_t flags);

// Opens the directory `path` (no "." or ".." in it), making what is missing for `uid`.
base::Result<base::UniqueFd> make_directories(int directory_fd, const std::string& path, uid_t uid);

}  // namespace storage
