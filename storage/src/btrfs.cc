#include "btrfs.h"

#include <fcntl.h>
#include <linux/btrfs.h>
#include <linux/btrfs_tree.h>
#include <sys/ioctl.h>

#include <array>
#include <bit>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <memory>

namespace storage {
namespace {

using base::error_from_errno;
using base::Result;
using base::Status;

// Newer than Debian 12's header.
constexpr std::uint64_t kQuotaEnableSimple = 4;

Result<btrfs_ioctl_vol_args_v2> named(const std::string& name) {
  btrfs_ioctl_vol_args_v2 args{};
  if (name.empty() || name.size() > 255) return error_from_errno(ENAMETOOLONG, name);
  name.copy(args.name, name.size());
  return args;
}

// The item (0, type, subvolume) of the quota tree.
template <typename Item>
Result<std::optional<Item>> find_quota_item(int root_fd, std::uint32_t type, std::uint64_t id) {
  btrfs_ioctl_search_args args{};
  args.key.tree_id = BTRFS_QUOTA_TREE_OBJECTID;
  args.key.min_type = args.key.max_type = type;
  args.key.min_offset = args.key.max_offset = id;
  args.key.max_transid = UINT64_MAX;
  args.key.nr_items = 1;
  if (::ioctl(root_fd, BTRFS_IOC_TREE_SEARCH, &args) != 0) {
    return error_from_errno(errno, "reading a quota");
  }
  btrfs_ioctl_search_header header{};
  std::memcpy(&header, args.buf, sizeof header);
  if (args.key.nr_items == 0 || header.len < sizeof(Item)) return std::optional<Item>();
  Item item{};
  std::memcpy(&item, args.buf + sizeof header, sizeof item);
  return std::optional<Item>(item);
}

// On the disk, btrfs is little-endian; so are the machines Larder runs on.
static_assert(std::endian::native == std::endian::little);

}  // namespace

Status enable_quotas(int root_fd) {
  btrfs_ioctl_quota_ctl_args args{};
  args.cmd = kQuotaEnableSimple;
  if (::ioctl(root_fd, BTRFS_IOC_QUOTA_CTL, &args) == 0) return {};
  if (errno != EINVAL && errno != EOPNOTSUPP) return error_from_errno(errno, "turning quotas on");
  args.cmd = BTRFS_QUOTA_CTL_ENABLE;
  if (::ioctl(root_fd, BTRFS_IOC_QUOTA_CTL, &args) == 0) return {};
  return error_from_errno(errno, "turning quotas on");
}

Status sync_and_free(int root_fd) {
  if (::ioctl(root_fd, BTRFS_IOC_SYNC) == 0) return {};
  return error_from_errno(errno, "writing volumes to the disk");
}

// A commit by the kernel's own thread, which then wakes the one that frees: a commit of ours alone
// would not. Where it fails, the periodic one does the same a little later.
void begin_to_free(int root_fd) { ::ioctl(root_fd, BTRFS_IOC_START_SYNC, nullptr); }

Status grow_to_device(int root_fd) {
  auto args = std::make_unique<btrfs_ioctl_vol_args>();
  std::memset(args.get(), 0, sizeof *args);
  std::strcpy(args->name, "max");
  if (::ioctl(root_fd, BTRFS_IOC_RESIZE, args.get()) == 0) return {};
  return error_from_errno(errno, "growing the file system");
}

Result<base::UniqueFd> create_subvolume(int parent_fd, const std::string& name) {
  TRY(auto args, named(name));
  if (::ioctl(parent_fd, BTRFS_IOC_SUBVOL_CREATE_V2, &args) != 0) {
    return error_from_errno(errno, "making subvolume '" + name + "'");
  }
  base::UniqueFd made(
      ::openat(parent_fd, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!made.valid()) return error_from_errno(errno, "opening subvolume '" + name + "'");
  return made;
}

Status destroy_subvolume(int parent_fd, const std::string& name) {
  TRY(auto args, named(name));
  if (::ioctl(parent_fd, BTRFS_IOC_SNAP_DESTROY_V2, &args) == 0) return {};
  return error_from_errno(errno, "removing subvolume '" + name + "'");
}

Result<std::uint64_t> subvolume_id(int subvolume_fd) {
  btrfs_ioctl_ino_lookup_args args{};
  args.objectid = BTRFS_FIRST_FREE_OBJECTID;  // treeid 0: tell the tree of this descriptor
  if (::ioctl(subvolume_fd, BTRFS_IOC_INO_LOOKUP, &args) == 0) return args.treeid;
  return error_from_errno(errno, "finding a subvolume's id");
}

Result<std::optional<std::int64_t>> read_limit(int root_fd, std::uint64_t subvolume) {
  TRY(const auto item,
      find_quota_item<btrfs_qgroup_limit_item>(root_fd, BTRFS_QGROUP_LIMIT_KEY, subvolume));
  if (!item || (item->flags & BTRFS_QGROUP_LIMIT_MAX_RFER) == 0) {
    return std::optional<std::int64_t>();
  }
  return std::optional(static_cast<std::int64_t>(item->max_rfer));
}

Result<std::optional<std::int64_t>> read_used(int root_fd, std::uint64_t subvolume) {
  TRY(const auto item,
      find_quota_item<btrfs_qgroup_info_item>(root_fd, BTRFS_QGROUP_INFO_KEY, subvolume));
  if (!item) return std::optional<std::int64_t>();
  return std::optional(static_cast<std::int64_t>(item->rfer));
}

Status set_limit(int subvolume_fd, std::int64_t bytes) {
  btrfs_ioctl_qgroup_limit_args args{};  // qgroupid 0: that of this descriptor's subvolume
  args.lim.flags = BTRFS_QGROUP_LIMIT_MAX_RFER;
  args.lim.max_rfer = static_cast<std::uint64_t>(bytes);
  if (::ioctl(subvolume_fd, BTRFS_IOC_QGROUP_LIMIT, &args) == 0) return {};
  return error_from_errno(errno, "setting a quota");
}

Status bound_group(int root_fd, std::uint64_t group, std::int64_t bytes) {
  btrfs_ioctl_qgroup_create_args make{};
  make.create = 1;
  make.qgroupid = group;
  if (::ioctl(root_fd, BTRFS_IOC_QGROUP_CREATE, &make) != 0 && errno != EEXIST) {
    return error_from_errno(errno, "making a quota group");
  }
  btrfs_ioctl_qgroup_limit_args args{};
  args.qgroupid = group;
  args.lim.flags = BTRFS_QGROUP_LIMIT_MAX_RFER;
  args.lim.max_rfer = static_cast<std::uint64_t>(bytes);
  if (::ioctl(root_fd, BTRFS_IOC_QGROUP_LIMIT, &args) == 0) return {};
  return error_from_errno(errno, "bounding a quota group");
}

Status put_into_group(int root_fd, std::uint64_t member, std::uint64_t group) {
  btrfs_ioctl_qgroup_assign_args args{};
  args.assign = 1;
  args.src = member;
  args.dst = group;
  if (::ioctl(root_fd, BTRFS_IOC_QGROUP_ASSIGN, &args) >= 0 || errno == EEXIST) return {};
  return error_from_errno(errno, "putting a volume into a quota group");
}

Status forget_quota_group(int root_fd, std::uint64_t subvolume) {
  btrfs_ioctl_qgroup_create_args args{};
  args.qgroupid = subvolume;
  if (::ioctl(root_fd, BTRFS_IOC_QGROUP_CREATE, &args) == 0) return {};
  return error_from_errno(errno, "forgetting a quota group");
}

}  // namespace storage
