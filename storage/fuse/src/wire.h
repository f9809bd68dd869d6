// The kernel's protocol where libfuse 3.14 and its kernel headers end, and our values in it.
#pragma once

#include <linux/fuse.h>
#include <sys/ioctl.h>

#include <cstdint>

#include "storage_fuse/values.h"

namespace storage_fuse::wire {

// Protocol 7.40 (passthrough), 7.41 (re-sending), 7.44 (epochs), 7.43 (idmapped mounts).
inline constexpr std::uint32_t kOpenPassthrough = 1U << 7;
inline constexpr std::uint64_t kInitPassthrough = std::uint64_t{1} << 37;
inline constexpr std::uint64_t kInitHasResend = std::uint64_t{1} << 39;
inline constexpr std::uint64_t kInitAllowIdmap = std::uint64_t{1} << 40;
inline constexpr std::uint64_t kInitDirectIoAllowMmap = std::uint64_t{1} << 36;
inline constexpr std::uint64_t kResentBit = std::uint64_t{1} << 63;
inline constexpr int kNotifyResend = 7;
inline constexpr int kNotifyIncrementEpoch = 8;
inline constexpr std::uint32_t kOpcodeTmpfile = 51;

struct BackingMap {
  std::int32_t fd;
  std::uint32_t flags;
  std::uint64_t padding;
};
inline constexpr unsigned long kBackingOpen = _IOW(229, 1, BackingMap);
inline constexpr unsigned long kBackingClose = _IOW(229, 2, std::uint32_t);

struct OpenOut {
  std::uint64_t fh;
  std::uint32_t open_flags;
  std::int32_t backing_id;
};

struct CreateOut {
  fuse_entry_out entry;
  OpenOut open;
};

fuse_attr attributes_of(const struct stat& stat);
fuse_entry_out entry_of(const Node& node);
fuse_attr_out attributes_of(const Attributes& attributes);

}  // namespace storage_fuse::wire
