// libfuse's calls, turned into those of FileSystem.
#pragma once

#define FUSE_USE_VERSION 312
#include <fuse3/fuse_lowlevel.h>

namespace storage_fuse {

// The session's user data is its Core. init() is missing.
fuse_lowlevel_ops operations(bool with_locks);

}  // namespace storage_fuse
