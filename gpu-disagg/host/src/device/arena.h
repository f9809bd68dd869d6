// The memory of a device: one range of addresses, given out in pieces, and a limit.
//
// Threads: any; the owner locks nothing. snapshot() stays as it is while pieces come and go.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>

#include "gpu_device/device.h"
#include "run/grid.h"

namespace gpu_host {

class Arena {
 public:
  explicit Arena(std::uint64_t bytes);
  ~Arena();
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  gpu_device::Answer<gpu_device::Address> allocate(std::uint64_t bytes,
                                                   gpu_device::MemoryKind kind);
  // False when no allocation of that kind begins there.
  bool free(gpu_device::Address address, gpu_device::MemoryKind kind);
  std::optional<gpu_device::PointerInfo> find(gpu_device::Address address) const;
  // Where [address, address + bytes) of one allocation lies; null otherwise.
  std::byte* host(gpu_device::Address address, std::uint64_t bytes) const;
  std::optional<gpu_device::Address> address_of(const void* host) const;

  gpu_device::MemoryInfo info() const;
  bool limit(std::uint64_t bytes);
  std::uint64_t bytes() const { return bytes_; }
  std::shared_ptr<const AddressMap> snapshot() const;

 private:
  struct Piece {
    std::uint64_t bytes = 0;     // as asked for
    std::uint64_t reserved = 0;  // with what keeps it apart from the next
    std::uint64_t id = 0;
    gpu_device::MemoryKind kind = gpu_device::MemoryKind::kDevice;
  };

  std::byte* at(std::uint64_t offset) const { return start_ + offset; }
  void clear(std::uint64_t offset, std::uint64_t bytes) const;
  void give_back(std::uint64_t offset, std::uint64_t bytes);

  std::uint64_t bytes_;
  std::byte* start_ = nullptr;
  mutable std::mutex mutex_;  // guards all below
  std::uint64_t limit_;
  std::uint64_t used_ = 0;
  std::uint64_t next_id_ = 1;
  std::map<std::uint64_t, Piece> pieces_;               // by offset
  std::map<std::uint64_t, std::uint64_t> free_;         // offset and size
  mutable std::shared_ptr<const AddressMap> snapshot_;  // empty after a change
};

}  // namespace gpu_host
