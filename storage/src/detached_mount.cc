#include "detached_mount.h"

#include <fcntl.h>
#include <sys/mount.h>

#include <cerrno>
#include <sstream>

#include "mount_keeper.h"

namespace storage {
namespace {

using base::Error;
using base::error_from_errno;
using base::ErrorCode;
using base::Result;
using base::Status;
using base::UniqueFd;

constexpr unsigned kMountAttributes = MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOATIME;

Error cannot_mount(const std::string& what, int errno_value, const std::string& remedy) {
  return {ErrorCode::kUnsupported, "volumes need a btrfs file system of their own, and " +
                                       error_from_errno(errno_value, what).message + "; " + remedy};
}

Status set_option(int context, const std::string& option) {
  const auto equals = option.find('=');
  const int rc = equals == std::string::npos
                     ? ::fsconfig(context, FSCONFIG_SET_FLAG, option.c_str(), nullptr, 0)
                     : ::fsconfig(context, FSCONFIG_SET_STRING, option.substr(0, equals).c_str(),
                                  option.substr(equals + 1).c_str(), 0);
  if (rc == 0) return {};
  return cannot_mount("mount option '" + option + "' is refused", errno, "use a newer kernel");
}

Status set_options(int context, const std::string& options) {
  std::istringstream list(options);
  for (std::string option; std::getline(list, option, ',');) {
    TRY_STATUS(set_option(context, option));
  }
  return {};
}

Result<UniqueFd> mount_detached(const std::string& device, const std::string& options) {
  const UniqueFd context(::fsopen("btrfs", FSOPEN_CLOEXEC));
  if (!context.valid()) {
    return errno == ENODEV
               ? cannot_mount("the kernel does not know it", errno, "load it (modprobe btrfs)")
               : cannot_mount("mounting", errno, "run as root with the right to mount");
  }
  TRY_STATUS(set_options(context.get(), "source=" + device + "," + options));
  if (::fsconfig(context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0) {
    const int failure = errno;
    if (failure == EPERM || failure == ENODEV) {
      return cannot_mount("mounting " + device, failure, "run as root with the right to mount");
    }
    return error_from_errno(failure, "mounting the volumes' image behind " + device);
  }
  UniqueFd mount(::fsmount(context.get(), FSMOUNT_CLOEXEC, kMountAttributes));
  if (!mount.valid()) return error_from_errno(errno, "mounting the volumes' image");
  return mount;
}

}  // namespace

DetachedMount::DetachedMount(UniqueFd mount, UniqueFd root, std::unique_ptr<MountKeeper> keeper)
    : mount_(std::move(mount)), root_(std::move(root)), keeper_(std::move(keeper)) {}
DetachedMount::DetachedMount(DetachedMount&&) noexcept = default;
DetachedMount& DetachedMount::operator=(DetachedMount&&) noexcept = default;
DetachedMount::~DetachedMount() = default;

Result<DetachedMount> DetachedMount::mount_btrfs(const std::string& device,
                                                 const std::string& options, CloneBy clone_by) {
  TRY(UniqueFd mount, mount_detached(device, options));
  // The descriptor of fsmount(2) is only a name of the place (O_PATH): it can do no ioctl.
  UniqueFd root(::openat(mount.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!root.valid()) return error_from_errno(errno, "opening the volumes' root");
  if (clone_by == CloneBy::kWhatWorks && clone_here(root.get()).ok()) {
    return DetachedMount(std::move(mount), std::move(root), nullptr);
  }
  TRY(auto keeper, MountKeeper::start(mount.get()));
  return DetachedMount(std::move(mount), std::move(root), std::move(keeper));
}

Result<UniqueFd> DetachedMount::clone_tree(int directory_fd, bool read_only) const {
  TRY(UniqueFd tree, keeper_ ? keeper_->clone(directory_fd) : clone_here(directory_fd));
  if (!read_only) return tree;
  mount_attr attributes{};
  attributes.attr_set = MOUNT_ATTR_RDONLY;
  if (::mount_setattr(tree.get(), "", AT_EMPTY_PATH, &attributes, sizeof attributes) != 0) {
    return error_from_errno(errno, "making the tree of a volume read-only");
  }
  return tree;
}

}  // namespace storage
