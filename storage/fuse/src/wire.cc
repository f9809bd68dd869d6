#include "wire.h"

#include <sys/sysmacros.h>

#include <algorithm>
#include <limits>

namespace storage_fuse::wire {
namespace {

template <typename To, typename From>
To clamped(From value) {
  return static_cast<To>(
      std::min<std::uint64_t>(static_cast<std::uint64_t>(value), std::numeric_limits<To>::max()));
}

std::uint32_t nanoseconds_of(const timespec& time) {
  return static_cast<std::uint32_t>(time.tv_nsec);
}

std::uint64_t seconds_of(Timeout timeout) {
  return static_cast<std::uint64_t>(std::chrono::floor<std::chrono::seconds>(timeout).count());
}

std::uint32_t rest_of(Timeout timeout) {
  return static_cast<std::uint32_t>(
      (timeout - std::chrono::floor<std::chrono::seconds>(timeout)).count());
}

// As the kernel packs device numbers for user space.
std::uint32_t encode(dev_t device) {
  const std::uint32_t major = ::gnu_dev_major(device), minor = ::gnu_dev_minor(device);
  return (minor & 0xff) | (major << 8) | ((minor & ~0xffU) << 12);
}

}  // namespace

fuse_attr attributes_of(const struct stat& stat) {
  fuse_attr out{};
  out.ino = stat.st_ino;
  out.size = static_cast<std::uint64_t>(stat.st_size);
  out.blocks = static_cast<std::uint64_t>(stat.st_blocks);
  out.atime = static_cast<std::uint64_t>(stat.st_atim.tv_sec);
  out.mtime = static_cast<std::uint64_t>(stat.st_mtim.tv_sec);
  out.ctime = static_cast<std::uint64_t>(stat.st_ctim.tv_sec);
  out.atimensec = nanoseconds_of(stat.st_atim);
  out.mtimensec = nanoseconds_of(stat.st_mtim);
  out.ctimensec = nanoseconds_of(stat.st_ctim);
  out.mode = stat.st_mode;
  out.nlink = clamped<std::uint32_t>(stat.st_nlink);
  out.uid = stat.st_uid;
  out.gid = stat.st_gid;
  out.rdev = encode(stat.st_rdev);
  out.blksize = clamped<std::uint32_t>(stat.st_blksize);
  return out;
}

fuse_entry_out entry_of(const Node& node) {
  fuse_entry_out out{};
  out.nodeid = node.id;
  out.generation = node.generation;
  out.entry_valid = seconds_of(node.name_valid);
  out.entry_valid_nsec = rest_of(node.name_valid);
  out.attr_valid = seconds_of(node.attributes.valid);
  out.attr_valid_nsec = rest_of(node.attributes.valid);
  out.attr = attributes_of(node.attributes.stat);
  return out;
}

fuse_attr_out attributes_of(const Attributes& attributes) {
  fuse_attr_out out{};
  out.attr_valid = seconds_of(attributes.valid);
  out.attr_valid_nsec = rest_of(attributes.valid);
  out.attr = attributes_of(attributes.stat);
  return out;
}

}  // namespace storage_fuse::wire
