// Copies of one row of bytes, in any direction.
#pragma once

#include <cstddef>
#include <cstdint>

#include "guest.h"

namespace gpu_guest {

// An end of a copy: an address of the device, or memory of this process.
struct End {
  bool on_device = false;
  std::uint64_t at = 0;

  static End device(CUdeviceptr address) { return {true, address}; }
  static End host(const void* memory) { return {false, reinterpret_cast<std::uint64_t>(memory)}; }
};

struct Order {
  std::uint64_t stream = 0;  // as the wire has it
  bool later = false;        // the call returns before the bytes have come, where memory is pinned
};

// kInvalidValue when an end on the device is not within one allocation.
CUresult copy(Guest& guest, End to, End from, std::size_t bytes, Order order);

}  // namespace gpu_guest
