// The few btrfs calls that volumes need, straight to the kernel.
//
// Threads: any. Each blocks as long as the file system does. Errors: those of the errno that came
// back, with the name of what was touched.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"

namespace storage {

// Inode of the root directory of every subvolume.
inline constexpr std::uint64_t kSubvolumeRootInode = 256;

// Turns quotas on, the simple ones where the kernel has them (6.7): those charge an extent to the
// subvolume that made it and cost no back-reference walks. Does nothing when they are on.
base::Status enable_quotas(int root_fd);

// Takes up all of a device that has grown.
base::Status grow_to_device(int root_fd);

base::Result<base::UniqueFd> create_subvolume(int parent_fd, const std::string& name);

// Removes a subvolume with all its files; the kernel frees the space in the background.
base::Status destroy_subvolume(int parent_fd, const std::string& name);

base::Result<std::uint64_t> subvolume_id(int subvolume_fd);

// The limit and the use of a subvolume in bytes, as the quota tree has them: the use lags behind
// by what was written since the last commit. Nothing where no limit or no use is recorded.
base::Result<std::optional<std::int64_t>> read_limit(int root_fd, std::uint64_t subvolume);
base::Result<std::optional<std::int64_t>> read_used(int root_fd, std::uint64_t subvolume);

base::Status set_limit(int subvolume_fd, std::int64_t bytes);

// Forgets the quota group of a subvolume that is gone. Newer kernels do it themselves.
// kNotFound when it is gone; kUnavailable while the kernel still frees the subvolume.
base::Status forget_quota_group(int root_fd, std::uint64_t subvolume);

}  // namespace storage
