#include "mounts.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

namespace sandbox {

base::Result<base::UniqueFd> make_file_system(
    const char* type, const std::vector<std::pair<std::string, std::string>>& options,
    unsigned mount_attributes) {
  const std::string what = std::string("mounting a ") + type;
  const base::UniqueFd context(fsopen(type, FSOPEN_CLOEXEC));
  if (!context.valid()) return base::error_from_errno(errno, what);
  for (const auto& [key, value] : options) {
    if (fsconfig(context.get(), FSCONFIG_SET_STRING, key.c_str(), value.c_str(), 0) < 0) {
      const int problem = errno;
      return base::error_from_errno(
          problem, std::string(what).append(" with ").append(key).append("=").append(value));
    }
  }
  if (fsconfig(context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) < 0) {
    return base::error_from_errno(errno, what);
  }
  base::UniqueFd mount(fsmount(context.get(), FSMOUNT_CLOEXEC, mount_attributes));
  if (!mount.valid()) return base::error_from_errno(errno, what);
  return mount;
}

base::Result<base::UniqueFd> clone_mount(int directory, const std::string& path) {
  const unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH;
  base::UniqueFd mount(open_tree(directory, path.c_str(), flags));
  if (!mount.valid()) return base::error_from_errno(errno, "cloning the mount at " + path);
  return mount;
}

base::Status set_attributes(int mount, unsigned attributes) {
  mount_attr change{};
  change.attr_set = attributes;
  if (mount_setattr(mount, "", AT_EMPTY_PATH, &change, sizeof change) == 0) return {};
  return base::error_from_errno(errno, "setting attributes of a mount");
}

base::Status attach_mount(int mount, int directory, const std::string& path) {
  if (move_mount(mount, "", directory, path.c_str(), MOVE_MOUNT_F_EMPTY_PATH) == 0) return {};
  return base::error_from_errno(errno, "mounting at " + path);
}

base::Status make_current_directory_root() {
  if (syscall(SYS_pivot_root, ".", ".") < 0) return base::error_from_errno(errno, "pivot_root");
  if (umount2(".", MNT_DETACH) < 0) return base::error_from_errno(errno, "leaving the old root");
  if (chdir("/") < 0) return base::error_from_errno(errno, "entering the new root");
  return {};
}

}  // namespace sandbox
