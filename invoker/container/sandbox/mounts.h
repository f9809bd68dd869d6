// The mount calls that the sandbox needs, with errors in words.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"

namespace sandbox {

// A new, detached instance of a file system. `options` as in mount(8), in order.
base::Result<base::UniqueFd> make_file_system(
    const char* type, const std::vector<std::pair<std::string, std::string>>& options,
    unsigned mount_attributes);

// A detached copy of what is mounted at `path`, that directory or file being its root.
base::Result<base::UniqueFd> clone_mount(int directory, const std::string& path);

// Adds `attributes` (MOUNT_ATTR_*) to one mount.
base::Status set_attributes(int mount, unsigned attributes);

// Attaches a detached mount at `path`.
base::Status attach_mount(int mount, int directory, const std::string& path);

// Makes the current directory, which must be a mount, the root of this mount namespace and lets go
// of the old one.
base::Status make_current_directory_root();

}  // namespace sandbox
