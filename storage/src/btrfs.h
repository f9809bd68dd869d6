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

// Puts everything on the disk, and has the kernel begin to free the subvolumes that were removed.
base::Status sync_and_free(int root_fd);

// The same without waiting for it, and without the files' data.
void begin_to_free(int root_fd);

base::Result<base::UniqueFd> create_subvolume(int parent_fd, const std::string& name);

// Removes a subvolume with all its files; the kernel frees the space in the background, after its
// next periodic commit or when it is told to.
base::Status destroy_subvolume(int parent_fd, const std::string& name);

base::Result<std::uint64_t> subvolume_id(int subvolume_fd);

// The limit and the use of a subvolume in bytes, as the quota tree has them: the use lags behind
// by what was written since the last commit. Nothing where no limit or no use is recorded.
base::Result<std::optional<std::int64_t>> read_limit(int root_fd, std::uint64_t subvolume);
base::Result<std::optional<std::int64_t>> read_used(int root_fd, std::uint64_t subvolume);

base::Status set_limit(int subvolume_fd, std::int64_t bytes);

// A quota group of level 1 or above bounds what the groups in it hold together.
constexpr std::uint64_t quota_group(std::uint64_t level, std::uint64_t id) {
  return level << 48U | id;
}

// Makes the group where it is missing, and bounds it.
base::Status bound_group(int root_fd, std::uint64_t group, std::int64_t bytes);

// Puts a group, or a subvolume by its id, into a group of a higher level. Does nothing when it is
// in there.
base::Status put_into_group(int root_fd, std::uint64_t member, std::uint64_t group);

// Forgets the quota group of a subvolume that is gone. Newer kernels do it themselves.
// kNotFound when it is gone; kUnavailable while the kernel still frees the subvolume.
base::Status forget_quota_group(int root_fd, std::uint64_t subvolume);

}  // namespace storage
