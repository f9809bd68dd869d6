// Memory of the device, and memory of this process that the program asked to be pinned.
#include <algorithm>
#include <cstdlib>

#include "guest.h"
#include "streamed.h"

namespace gpu_guest {
namespace {

constexpr std::size_t kPitchAlign = 512;
constexpr std::size_t kHostAlign = 4096;

CUresult remember(Guest& guest, CUdeviceptr address, std::size_t bytes, CUdeviceptr* given) {
  guest.memory.add(address, {.bytes = bytes,
                             .context = current_context(),
                             .number = ++guest.last_number,
                             .kind = Range::Kind::kAllocated});
  *given = address;
  return kSuccess;
}

CUresult allocate(CUdeviceptr* address, std::size_t bytes) {
  ENTER_CONTEXT();
  if (address == nullptr || bytes == 0) return kInvalidValue;
  gpu_wire::AllocateReply reply;
  const CUresult result = guest.call(gpu_wire::Allocate{.bytes = bytes}, &reply);
  return result == kSuccess ? remember(guest, reply.address, bytes, address) : result;
}

CUresult allocate_on(CUdeviceptr* address, std::size_t bytes, CUstream stream, bool per_thread) {
  ENTER_CONTEXT();
  std::uint64_t wire = 0;
  if (address == nullptr || bytes == 0) return kInvalidValue;
  if (!resolve(guest, stream, per_thread, &wire)) return kInvalidHandle;
  gpu_wire::AllocateOnReply reply;
  const CUresult result = guest.call(gpu_wire::AllocateOn{.stream = wire, .bytes = bytes}, &reply);
  return result == kSuccess ? remember(guest, reply.address, bytes, address) : result;
}

CUresult free_on(CUdeviceptr address, CUstream stream, bool per_thread) {
  ENTER_CONTEXT();
  std::uint64_t wire = 0;
  if (!resolve(guest, stream, per_thread, &wire)) return kInvalidHandle;
  if (!guest.memory.take(address, Range::Kind::kAllocated)) return kInvalidValue;
  return guest.post(gpu_wire::FreeOn{.stream = wire, .address = address});
}

CUresult allocate_host(void** memory, std::size_t bytes, unsigned flags) {
  ENTER_CONTEXT();
  constexpr unsigned kKnown = 7;
  if (memory == nullptr || bytes == 0 || (flags & ~kKnown) != 0) return kInvalidValue;
  if (bytes > ~std::size_t{0} - kHostAlign) return kOutOfMemory;
  void* const made =
      std::aligned_alloc(kHostAlign, (bytes + kHostAlign - 1) / kHostAlign * kHostAlign);
  if (made == nullptr) return kOutOfMemory;
  guest.host_memory.add(reinterpret_cast<std::uint64_t>(made), {.bytes = bytes,
                                                                .context = current_context(),
                                                                .number = ++guest.last_number,
                                                                .kind = Range::Kind::kPinned,
                                                                .flags = flags});
  *memory = made;
  return kSuccess;
}

CUresult register_host(void* memory, std::size_t bytes, unsigned flags) {
  ENTER_CONTEXT();
  constexpr unsigned kKnown = 15;
  if (memory == nullptr || bytes == 0 || (flags & ~kKnown) != 0) return kInvalidValue;
  const auto start = reinterpret_cast<std::uint64_t>(memory);
  if (guest.host_memory.find(start, 1)) return kHostMemoryAlreadyRegistered;
  guest.host_memory.add(start, {.bytes = bytes,
                                .context = current_context(),
                                .number = ++guest.last_number,
                                .kind = Range::Kind::kRegistered,
                                .flags = flags});
  return kSuccess;
}

struct Fill {
  CUdeviceptr to;
  std::size_t pitch, width, height;
  std::uint32_t value;
  unsigned element_bytes;
};

CUresult fill(const Fill& what, CUstream stream, bool per_thread) {
  ENTER_CONTEXT();
  std::uint64_t wire = 0;
  if (!resolve(guest, stream, per_thread, &wire)) return kInvalidHandle;
  if (what.to % what.element_bytes != 0) return kInvalidValue;
  if (what.width == 0 || what.height == 0) return kSuccess;
  if (what.width > ~std::size_t{0} / what.element_bytes) return kInvalidValue;
  const std::size_t row = what.width * what.element_bytes;
  if (what.height > 1 && (what.pitch < row || what.pitch % what.element_bytes != 0))
    return kInvalidValue;
  if (what.height > 1 && what.height - 1 > (~std::size_t{0} - row) / what.pitch)
    return kInvalidValue;
  if (!guest.memory.find(what.to, what.pitch * (what.height - 1) + row)) return kInvalidValue;
  return guest.post(gpu_wire::Fill{.stream = wire,
                                   .address = what.to,
                                   .pitch = what.pitch,
                                   .width = what.width,
                                   .height = what.height,
                                   .value = what.value,
                                   .element_bytes = what.element_bytes});
}

}  // namespace

EXPORT CUresult cuMemGetInfo_v2(std::size_t* free_bytes, std::size_t* total_bytes) {
  ENTER_CONTEXT();
  if (free_bytes == nullptr || total_bytes == nullptr) return kInvalidValue;
  gpu_wire::MemoryInfoReply reply;
  const CUresult result = guest.call(gpu_wire::MemoryInfo{}, &reply);
  if (result != kSuccess) return result;
  *free_bytes = reply.free_bytes;
  *total_bytes = reply.total_bytes;
  return kSuccess;
}

EXPORT CUresult cuMemAlloc_v2(CUdeviceptr* address, std::size_t bytes) {
  return allocate(address, bytes);
}

EXPORT CUresult cuMemAllocPitch_v2(CUdeviceptr* address, std::size_t* pitch, std::size_t width,
                                   std::size_t height, unsigned element_bytes) {
  if (pitch == nullptr || width == 0 || height == 0) return kInvalidValue;
  if (element_bytes != 4 && element_bytes != 8 && element_bytes != 16) return kInvalidValue;
  if (width > ~std::size_t{0} - kPitchAlign) return kInvalidValue;
  *pitch = (width + kPitchAlign - 1) / kPitchAlign * kPitchAlign;
  if (height > ~std::size_t{0} / *pitch) return kOutOfMemory;
  return allocate(address, *pitch * height);
}

EXPORT CUresult cuMemFree_v2(CUdeviceptr address) {
  ENTER_CONTEXT();
  if (address == 0) return kSuccess;
  if (!guest.memory.take(address, Range::Kind::kAllocated)) return kInvalidValue;
  return guest.post(gpu_wire::Free{.address = address});
}

EXPORT CUresult cuMemGetAddressRange_v2(CUdeviceptr* start, std::size_t* bytes,
                                        CUdeviceptr address) {
  ENTER_CONTEXT();
  Ranges::Found found;
  if (!guest.memory.find(address, 1, &found)) return kNotFound;
  if (start != nullptr) *start = found.start;
  if (bytes != nullptr) *bytes = found.range.bytes;
  return kSuccess;
}

STREAMED(cuMemAllocAsync, _ptsz, (CUdeviceptr * address, std::size_t bytes, CUstream stream),
         allocate_on(address, bytes, stream, per_thread))
STREAMED(cuMemFreeAsync, _ptsz, (CUdeviceptr address, CUstream stream),
         free_on(address, stream, per_thread))

EXPORT CUresult cuMemAllocManaged(CUdeviceptr* address, std::size_t, unsigned) {
  ENTER_CONTEXT();
  return address == nullptr ? kInvalidValue : kNotSupported;
}

// ---- memory of this process

EXPORT CUresult cuMemAllocHost_v2(void** memory, std::size_t bytes) {
  return allocate_host(memory, bytes, 0);
}
EXPORT CUresult cuMemHostAlloc(void** memory, std::size_t bytes, unsigned flags) {
  return allocate_host(memory, bytes, flags);
}
EXPORT CUresult cuMemFreeHost(void* memory) {
  ENTER_CONTEXT();
  if (!guest.host_memory.take(reinterpret_cast<std::uint64_t>(memory), Range::Kind::kPinned))
    return kInvalidValue;
  // Copies to it may still be under way.
  const CUresult result = guest.call(gpu_wire::Synchronize{});
  std::free(memory);
  return result;
}
EXPORT CUresult cuMemHostGetDevicePointer_v2(CUdeviceptr* address, void* memory, unsigned flags) {
  ENTER_CONTEXT();
  if (address == nullptr || memory == nullptr || flags != 0) return kInvalidValue;
  return kNotSupported;
}
EXPORT CUresult cuMemHostGetFlags(unsigned* flags, void* memory) {
  ENTER_CONTEXT();
  Ranges::Found found;
  if (flags == nullptr ||
      !guest.host_memory.find(reinterpret_cast<std::uint64_t>(memory), 1, &found))
    return kInvalidValue;
  *flags = found.range.flags;
  return kSuccess;
}
EXPORT CUresult cuMemHostRegister(void* memory, std::size_t bytes, unsigned flags) {
  return register_host(memory, bytes, flags);
}
EXPORT CUresult cuMemHostRegister_v2(void* memory, std::size_t bytes, unsigned flags) {
  return register_host(memory, bytes, flags);
}
EXPORT CUresult cuMemHostUnregister(void* memory) {
  ENTER_CONTEXT();
  if (memory == nullptr) return kInvalidValue;
  return guest.host_memory.take(reinterpret_cast<std::uint64_t>(memory), Range::Kind::kRegistered)
             ? kSuccess
             : kHostMemoryNotRegistered;
}

// ---- fills

STREAMED(cuMemsetD8_v2, _ptds, (CUdeviceptr to, unsigned char value, std::size_t count),
         fill({to, 0, count, 1, value, 1}, nullptr, per_thread))
STREAMED(cuMemsetD16_v2, _ptds, (CUdeviceptr to, unsigned short value, std::size_t count),
         fill({to, 0, count, 1, value, 2}, nullptr, per_thread))
STREAMED(cuMemsetD32_v2, _ptds, (CUdeviceptr to, unsigned value, std::size_t count),
         fill({to, 0, count, 1, value, 4}, nullptr, per_thread))
STREAMED(cuMemsetD8Async, _ptsz,
         (CUdeviceptr to, unsigned char value, std::size_t count, CUstream stream),
         fill({to, 0, count, 1, value, 1}, stream, per_thread))
STREAMED(cuMemsetD16Async, _ptsz,
         (CUdeviceptr to, unsigned short value, std::size_t count, CUstream stream),
         fill({to, 0, count, 1, value, 2}, stream, per_thread))
STREAMED(cuMemsetD32Async, _ptsz,
         (CUdeviceptr to, unsigned value, std::size_t count, CUstream stream),
         fill({to, 0, count, 1, value, 4}, stream, per_thread))
STREAMED(cuMemsetD2D8_v2, _ptds,
         (CUdeviceptr to, std::size_t pitch, unsigned char value, std::size_t width,
          std::size_t height),
         fill({to, pitch, width, height, value, 1}, nullptr, per_thread))
STREAMED(cuMemsetD2D16_v2, _ptds,
         (CUdeviceptr to, std::size_t pitch, unsigned short value, std::size_t width,
          std::size_t height),
         fill({to, pitch, width, height, value, 2}, nullptr, per_thread))
STREAMED(cuMemsetD2D32_v2, _ptds,
         (CUdeviceptr to, std::size_t pitch, unsigned value, std::size_t width, std::size_t height),
         fill({to, pitch, width, height, value, 4}, nullptr, per_thread))
STREAMED(cuMemsetD2D8Async, _ptsz,
         (CUdeviceptr to, std::size_t pitch, unsigned char value, std::size_t width,
          std::size_t height, CUstream stream),
         fill({to, pitch, width, height, value, 1}, stream, per_thread))
STREAMED(cuMemsetD2D16Async, _ptsz,
         (CUdeviceptr to, std::size_t pitch, unsigned short value, std::size_t width,
          std::size_t height, CUstream stream),
         fill({to, pitch, width, height, value, 2}, stream, per_thread))
STREAMED(cuMemsetD2D32Async, _ptsz,
         (CUdeviceptr to, std::size_t pitch, unsigned value, std::size_t width, std::size_t height,
          CUstream stream),
         fill({to, pitch, width, height, value, 4}, stream, per_thread))

}  // namespace gpu_guest
