// A FUSE mount and what keeps it alive.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/unique_fd.h"

namespace storage_fuse {

struct MountOptions {
  std::string name = "larder";  // the source and subtype that mount tables show
  // Where the mount is attached. Empty: nowhere; only clones of its directories are ever seen.
  std::filesystem::path attach_at;
};

// The mount lives while any copy of `device` is open in any process: whoever is to survive a death
// of the daemon holds one. When the last is closed, what is still open in the mount fails with
// ENOTCONN: that is the way to abort it.
struct Mount {
  base::UniqueFd device;  // /dev/fuse, for Session
  base::UniqueFd tree;    // an unattached mount, for clone_directory(); it lives while this is open
  base::UniqueFd state;   // its memory, for Session
};

// Makes a mount for every user, with permissions checked by the kernel, without devices and set-uid
// programs. It answers nothing until a Session serves it.
// Errors: kUnsupported where this kernel or this user cannot mount.
base::Result<Mount> make_mount(const MountOptions& options);

// A clone of the mount `tree` (or, where it is attached, AT_FDCWD with a whole path) whose root is
// its directory `path` ("" is its own root), attached nowhere. The daemon is asked, so neither it
// nor the keeper may call this: it is for whoever puts the clone into a container. Errors:
// kNotFound; kUnsupported before Linux 6.15 where the mount is attached nowhere.
base::Result<base::UniqueFd> clone_directory(int tree, const std::string& path, bool read_only);

// Takes an attached mount away, whatever uses it (it is gone for good when the last user is).
base::Status detach(const std::filesystem::path& attached_at);

}  // namespace storage_fuse
