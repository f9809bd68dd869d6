#include "mount_point.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <string_view>

#include "base/unique_fd.h"

namespace invoker_container {
namespace {

constexpr std::string_view kReserved[] = {"action", "bin",   "boot",  "dev",    "etc",  "larder",
                                          "lib",    "lib32", "lib64", "libx32", "proc", "root",
                                          "run",    "sbin",  "sys",   "tmp",    "usr",  "var"};
constexpr std::size_t kTargetLengthMax = 1024;

base::Error refused(const std::string& target, const std::string& why) {
  return base::Error{base::ErrorCode::kInvalidArgument,
                     "A volume cannot be mounted at '" + target + "': " + why};
}

base::UniqueFd open_strictly(int directory, const std::string& path, std::uint64_t resolve) {
  open_how how{};
  how.flags = O_PATH | O_DIRECTORY | O_CLOEXEC;
  how.resolve = resolve;
  return base::UniqueFd(
      static_cast<int>(syscall(SYS_openat2, directory, path.c_str(), &how, sizeof how)));
}

base::Status set_look(int tree, const MountLook& look, const std::string& target) {
  mount_attr change{};
  change.attr_set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
  if (look.read_only) change.attr_set |= MOUNT_ATTR_RDONLY;
  if (look.user_namespace >= 0) {
    change.attr_set |= MOUNT_ATTR_IDMAP;
    change.userns_fd = static_cast<std::uint64_t>(look.user_namespace);
  }
  if (mount_setattr(tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &change, sizeof change) == 0) return {};
  if (errno == EINVAL && look.user_namespace >= 0) {
    return base::Error{base::ErrorCode::kUnsupported,
                       "What is to be mounted at " + target +
                           " lies on a file system whose files " +
                           "this kernel cannot show under other ids (no idmapped mounts)."};
  }
  return base::error_from_errno(errno, "setting the attributes of the mount for " + target);
}

}  // namespace

base::Status check_target(const std::string& target) {
  if (target.size() < 2 || target.front() != '/')
    return refused(target, "the path is not absolute.");
  if (target.size() > kTargetLengthMax) return refused(target, "the path is too long.");
  if (target.find('\0') != std::string::npos) return refused(target, "the path holds a NUL.");
  std::string_view rest = std::string_view(target).substr(1);
  const std::string_view first = rest.substr(0, rest.find('/'));
  if (std::ranges::find(kReserved, first) != std::end(kReserved)) {
    return refused(target, "/" + std::string(first) + " belongs to the system.");
  }
  for (;;) {
    const std::size_t slash = rest.find('/');
    const std::string_view part = rest.substr(0, slash);
    if (part.empty() || part == "." || part == "..")
      return refused(target, "the path is not normal.");
    if (slash == std::string_view::npos) return {};
    rest.remove_prefix(slash + 1);
  }
}

base::Status make_mount_point(int root, const std::string& target) {
  const std::string path = target.substr(1);
  for (std::size_t slash = path.find('/');; slash = path.find('/', slash + 1)) {
    const std::string part = path.substr(0, slash);
    if (mkdirat(root, part.c_str(), 0755) < 0 && errno != EEXIST) {
      return base::error_from_errno(errno, "making the mount point " + target);
    }
    if (slash == std::string::npos) return {};
  }
}

base::Status mount_tree(int tree, const MountPlace& place, const MountLook& look) {
  const std::string target = place.outer + "/" + place.rest;
  TRY_STATUS(set_look(tree, look, target));
  // From here on only through folders: an action may put links into its volume at any moment.
  const base::UniqueFd base_folder =
      open_strictly(AT_FDCWD, place.outer.empty() ? "/" : place.outer, RESOLVE_NO_SYMLINKS);
  if (!base_folder.valid()) return base::error_from_errno(errno, "opening " + place.outer);
  const base::UniqueFd folder = open_strictly(
      base_folder.get(), place.rest, RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV | RESOLVE_BENEATH);
  if (!folder.valid() && errno == EXDEV) {
    return base::Error{base::ErrorCode::kAlreadyExists,
                       "Something is mounted at or above " + target};
  }
  if (!folder.valid()) return base::error_from_errno(errno, "opening the mount point " + target);
  const unsigned flags = MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH;
  if (move_mount(tree, "", folder.get(), "", flags) == 0) return {};
  return base::error_from_errno(errno, "mounting at " + target);
}

base::Result<invoker::DetachOutcome> unmount_tree(const std::string& target) {
  if (umount2(target.c_str(), UMOUNT_NOFOLLOW) == 0) return invoker::DetachOutcome::kClean;
  if (errno != EBUSY) return base::error_from_errno(errno, "unmounting " + target);
  if (umount2(target.c_str(), UMOUNT_NOFOLLOW | MNT_DETACH) == 0) {
    return invoker::DetachOutcome::kHeld;
  }
  return base::error_from_errno(errno, "detaching " + target);
}

}  // namespace invoker_container
