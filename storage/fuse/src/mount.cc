#include "storage_fuse/mount.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "mount_state.h"

namespace storage_fuse {

using base::Error;
using base::error_from_errno;
using base::ErrorCode;
using base::Result;
using base::Status;
using base::UniqueFd;

namespace {

constexpr unsigned kAttributes = MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSUID;

Error cannot(const std::string& what, int error) {
  const bool here = error == EPERM || error == ENOENT || error == ENODEV || error == ENOSYS;
  Error reason = error_from_errno(error, what);
  if (here) reason.code = ErrorCode::kUnsupported;
  return reason;
}

Status configure(int context, const std::string& device, const MountOptions& options) {
  const std::pair<const char*, std::string> settings[] = {
      {"source", options.name}, {"subtype", options.name}, {"fd", device},
      {"rootmode", "40000"},    {"user_id", "0"},          {"group_id", "0"}};
  for (const auto& [key, value] : settings) {
    if (::fsconfig(context, FSCONFIG_SET_STRING, key, value.c_str(), 0) != 0) {
      return cannot(std::string("the mount option ") + key, errno);
    }
  }
  for (const char* flag : {"allow_other", "default_permissions"}) {
    if (::fsconfig(context, FSCONFIG_SET_FLAG, flag, nullptr, 0) != 0) {
      return cannot(std::string("the mount option ") + flag, errno);
    }
  }
  if (::fsconfig(context, FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) == 0) return {};
  return cannot("making a FUSE file system", errno);
}

}  // namespace

Result<Mount> make_mount(const MountOptions& options) {
  Mount mount;
  TRY(mount.state, MountState::make());
  mount.device.reset(::open("/dev/fuse", O_RDWR | O_CLOEXEC));
  if (!mount.device.valid()) return cannot("opening /dev/fuse", errno);
  const UniqueFd context(::fsopen("fuse", FSOPEN_CLOEXEC));
  if (!context.valid()) return cannot("mounting FUSE", errno);
  TRY_STATUS(configure(context.get(), std::to_string(mount.device.get()), options));
  mount.tree.reset(::fsmount(context.get(), FSMOUNT_CLOEXEC, kAttributes));
  if (!mount.tree.valid()) return cannot("mounting FUSE", errno);
  if (options.attach_at.empty()) return mount;
  if (::move_mount(mount.tree.get(), "", AT_FDCWD, options.attach_at.c_str(),
                   MOVE_MOUNT_F_EMPTY_PATH) != 0) {
    return error_from_errno(errno, "attaching a mount at " + options.attach_at.string());
  }
  mount.tree.reset();  // else unmounting the place would not end the mount
  return mount;
}

Result<UniqueFd> clone_directory(int tree, const std::string& path, bool read_only) {
  const unsigned empty = path.empty() ? AT_EMPTY_PATH : 0;
  UniqueFd clone(::open_tree(tree, path.c_str(), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | empty));
  if (!clone.valid() && errno == EINVAL) {
    return Error{ErrorCode::kUnsupported,
                 "this kernel clones only what is mounted in the caller's own mount namespace "
                 "(Linux 6.15 clones other mounts, too)"};
  }
  if (!clone.valid()) return error_from_errno(errno, "cloning the directory '" + path + "'");
  if (!read_only) return clone;
  mount_attr attributes{};
  attributes.attr_set = MOUNT_ATTR_RDONLY;
  if (::mount_setattr(clone.get(), "", AT_EMPTY_PATH, &attributes, sizeof attributes) != 0) {
    return error_from_errno(errno, "making the clone of a directory read-only");
  }
  return clone;
}

Status detach(const std::filesystem::path& attached_at) {
  if (::umount2(attached_at.c_str(), MNT_DETACH) == 0) return {};
  return error_from_errno(errno, "unmounting " + attached_at.string());
}

}  // namespace storage_fuse
