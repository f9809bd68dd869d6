// What is known of an address: answered from the ranges that this process has allocated.
#include <cstring>

#include "guest.h"

namespace gpu_guest {
namespace {

enum Attribute : int {
  kContext = 1,
  kMemoryType = 2,
  kDevicePointer = 3,
  kHostPointer = 4,
  kSyncMemops = 6,
  kBufferId = 7,
  kIsManaged = 8,
  kDeviceOrdinal = 9,
  kRangeStart = 11,
  kRangeSize = 12,
  kMapped = 13,
};

template <typename T>
CUresult put(void* to, T value) {
  std::memcpy(to, static_cast<const void*>(&value), sizeof(T));
  return kSuccess;
}

CUresult attribute_of(const Ranges::Found& found, bool on_device, CUdeviceptr address,
                      int attribute, void* to) {
  constexpr unsigned kHost = 1, kDevice = 2;
  switch (attribute) {
    case kContext:
      return put(to, reinterpret_cast<CUcontext>(found.range.context));
    case kMemoryType:
      return put(to, on_device ? kDevice : kHost);
    case kDevicePointer:
      return on_device ? put(to, address) : kInvalidValue;
    case kHostPointer:
      return on_device ? kInvalidValue : put(to, address);
    case kSyncMemops:
      return put(to, 1);
    case kBufferId:
      return put(to, static_cast<unsigned long long>(found.range.number));
    case kIsManaged:
      return put(to, 0U);
    case kDeviceOrdinal:
      return put(to, 0);
    case kRangeStart:
      return put(to, found.start);
    case kRangeSize:
      return put(to, static_cast<std::size_t>(found.range.bytes));
    case kMapped:
      return put(to, on_device ? 1U : 0U);
    default:
      return kNotSupported;
  }
}

std::size_t bytes_of(int attribute) {
  switch (attribute) {
    case kContext:
    case kDevicePointer:
    case kHostPointer:
    case kBufferId:
    case kRangeStart:
    case kRangeSize:
      return 8;
    default:
      return 4;
  }
}

struct Place {
  Ranges::Found found;
  bool known = false, on_device = false;
};

Place look_up(Guest& guest, CUdeviceptr address) {
  Place place;
  place.on_device = guest.memory.find(address, 1, &place.found);
  place.known = place.on_device || guest.host_memory.find(address, 1, &place.found);
  return place;
}

}  // namespace

EXPORT CUresult cuPointerGetAttribute(void* to, int attribute, CUdeviceptr address) {
  ENTER_CONTEXT();
  if (to == nullptr) return kInvalidValue;
  const Place place = look_up(guest, address);
  if (!place.known) return kInvalidValue;
  return attribute_of(place.found, place.on_device, address, attribute, to);
}

// Of an address that is nobody's everything is zero, and that is no error.
EXPORT CUresult cuPointerGetAttributes(unsigned count, int* attributes, void** to,
                                       CUdeviceptr address) {
  ENTER_CONTEXT();
  if (attributes == nullptr || to == nullptr) return kInvalidValue;
  const Place place = look_up(guest, address);
  for (unsigned i = 0; i < count; ++i) {
    if (to[i] == nullptr) return kInvalidValue;
    std::memset(to[i], 0, bytes_of(attributes[i]));
    if (attributes[i] == kDeviceOrdinal) put(to[i], place.known ? 0 : -2);
    if (place.known &&
        attribute_of(place.found, place.on_device, address, attributes[i], to[i]) == kNotSupported)
      return kNotSupported;
  }
  return kSuccess;
}

}  // namespace gpu_guest
