// Copying files into and out of a volume's tree.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "base/result.h"

namespace storage {

// As VolumeStore::copy_in and copy_out, for the tree at `tree_fd`; nothing is synced.
base::Result<std::int64_t> copy_into_tree(int from_fd, int tree_fd, const std::string& path);
base::Result<std::int64_t> copy_out_of_tree(int tree_fd, const std::string& path, int to_fd);

}  // namespace storage
