// What must survive the daemon: memory that the keeper holds for the mount, a memfd. Plain data,
// written by one session at a time, so that at any instant a SIGKILL leaves a state to go on from.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/result.h"
#include "base/unique_fd.h"
#include "storage_fuse/values.h"

namespace storage_fuse {

// A node that is open. `backing_id` 0: in the page cache's way, else by passthrough.
struct OpenNode {
  NodeId node = 0;  // 0: free
  std::int32_t backing_id = 0;
  std::uint32_t opens = 0;
};

inline constexpr std::uint32_t kOpenNodesMax = 2U << 20;
inline constexpr std::size_t kRecentMax = 1024;
inline constexpr std::size_t kInitBytesMax = 256;

struct StateLayout {
  static constexpr std::uint64_t kMagic = 0x4c41524445523031;
  std::uint64_t magic = kMagic;

  // The kernel's INIT and our answer, without headers.
  std::uint32_t initialised = 0;
  std::uint32_t init_request_bytes = 0;
  std::uint32_t init_reply_bytes = 0;
  std::uint32_t finished = 0;  // the daemon ended as it should
  std::array<std::byte, kInitBytesMax> init_request{};
  std::array<std::byte, kInitBytesMax> init_reply{};

  // One change at a time: written here first, then carried out.
  std::uint32_t intent = 0;
  std::uint32_t intent_slot = 0;
  OpenNode intent_value;
  std::uint64_t intent_unique = 0;

  // Requests whose open or release was counted lately.
  std::uint64_t recent_count = 0;
  std::array<std::uint64_t, kRecentMax> recent{};

  std::int32_t last_backing_id = 0;
  std::uint32_t slots_used = 0;  // those behind were never used
  std::array<OpenNode, kOpenNodesMax> slots{};
};

class MountState {
 public:
  // A fresh one; sparse.
  static base::Result<base::UniqueFd> make();

  // Errors: kDataLoss when `fd` holds something else.
  static base::Result<MountState> map(int fd);
  MountState(MountState&& other) noexcept : layout_(other.layout_) { other.layout_ = nullptr; }
  MountState& operator=(MountState&&) = delete;
  ~MountState();

  StateLayout& operator*() const { return *layout_; }
  StateLayout* operator->() const { return layout_; }

 private:
  explicit MountState(StateLayout* layout) : layout_(layout) {}

  StateLayout* layout_;
};

}  // namespace storage_fuse
