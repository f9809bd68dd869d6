#include "namespace_groups.h"

#include <sys/stat.h>

#include <cerrno>

#include "btrfs.h"

namespace storage {
namespace {

using base::error_from_errno;
using base::Result;
using base::Status;

constexpr std::uint64_t kTierGroup = quota_group(2, 1);

// Extents and checksums of the smallest files take 1 byte in 30 of what they describe, and the
// kernel sets aside as much again so that it can always remove.
constexpr std::int64_t kImageBytesPerReserved = 10;
constexpr std::int64_t kReservedBytesMin = 16 << 20;

}  // namespace

std::int64_t usable_bytes(std::int64_t image_bytes) {
  return image_bytes - image_bytes / kImageBytesPerReserved - kReservedBytesMin;
}

Status NamespaceGroups::prepare() const {
  return bound_group(root_fd_, kTierGroup, bounds_.all_bytes);
}

Result<std::uint64_t> NamespaceGroups::group_of(const std::string& namespace_name,
                                                int directory_fd) {
  const std::lock_guard lock(mutex_);
  const auto found = groups_.find(namespace_name);
  if (found != groups_.end()) return found->second;
  struct stat info{};
  if (::fstat(directory_fd, &info) != 0) return error_from_errno(errno, "reading a namespace");
  // btrfs never gives the number of an inode again, and namespaces' directories stay.
  const std::uint64_t group = quota_group(1, info.st_ino);
  TRY_STATUS(bound_group(root_fd_, group, bounds_.namespace_bytes));
  TRY_STATUS(put_into_group(root_fd_, group, kTierGroup));
  groups_.emplace(namespace_name, group);
  return group;
}

Status NamespaceGroups::add(const std::string& namespace_name, int directory_fd,
                            std::uint64_t subvolume) {
  TRY(const std::uint64_t group, group_of(namespace_name, directory_fd));
  return put_into_group(root_fd_, subvolume, group);
}

}  // namespace storage
