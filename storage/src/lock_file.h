// One process at a time.
#pragma once

#include <filesystem>

#include "base/result.h"
#include "base/unique_fd.h"

namespace storage {

// Locks the file at `path`, made where it is missing, until the descriptor closes.
// Errors: kUnavailable with the pid of the process that has it.
base::Result<base::UniqueFd> lock_file(const std::filesystem::path& path);

}  // namespace storage
