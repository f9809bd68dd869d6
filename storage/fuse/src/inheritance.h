// How a mount's descriptors get from one process to the next: by number, in the environment.
#pragma once

#include <sys/types.h>

#include <optional>

#include "storage_fuse/mount.h"

namespace storage_fuse::inheritance {

inline constexpr const char* kForDaemon = "LARDER_FUSE_MOUNT";  // device, tree, state, lifeline
inline constexpr const char* kForKeeper = "LARDER_FUSE_ADOPT";  // the same, and the daemon's pid

struct Adopted {
  Mount mount;
  base::UniqueFd lifeline;
  pid_t daemon = 0;
};
// In a keeper that a daemon started.
std::optional<Adopted> adopted();

}  // namespace storage_fuse::inheritance
