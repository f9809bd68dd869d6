// The memory of a real device, and its limit, which the driver does not know.
#include <algorithm>

#include "cuda_device.h"

namespace gpu_cuda {

using gpu_device::Address;
using gpu_device::Answer;
using gpu_device::CuResult;
using gpu_device::MemoryKind;

bool CudaDevice::reserve(std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  if (bytes > limit_ || used_ > limit_ - bytes) return false;
  used_ += bytes;
  return true;
}

void CudaDevice::give_back(std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  used_ -= bytes;
}

void CudaDevice::add_piece(Address address, Piece piece) {
  const std::lock_guard lock(mutex_);
  piece.id = next_id_++;
  pieces_[address] = piece;
}

std::optional<CudaDevice::Piece> CudaDevice::piece_at(Address address) {
  const std::lock_guard lock(mutex_);
  const auto found = pieces_.find(address);
  if (found == pieces_.end()) return std::nullopt;
  return found->second;
}

std::optional<std::pair<Address, CudaDevice::Piece>> CudaDevice::piece_around(Address address) {
  const std::lock_guard lock(mutex_);
  auto after = pieces_.upper_bound(address);
  if (after == pieces_.begin()) return std::nullopt;
  --after;
  if (address - after->first >= after->second.bytes) return std::nullopt;
  return *after;
}

bool CudaDevice::holds(Address address, std::uint64_t bytes) {
  const auto found = piece_around(address);
  return found && bytes <= found->second.bytes - (address - found->first);
}

gpu_device::MemoryInfo CudaDevice::memory_info() {
  std::size_t free = 0, total = 0;
  ask(driver_.memory_info, &free, &total);
  const std::lock_guard lock(mutex_);
  const std::uint64_t left = used_ < limit_ ? limit_ - used_ : 0;
  return {std::min<std::uint64_t>(left, free), limit_};
}

CuResult CudaDevice::limit_memory(std::uint64_t bytes) {
  if (bytes > properties_.memory_bytes_total) return CuResult::kInvalidValue;
  const std::lock_guard lock(mutex_);
  limit_ = bytes;
  return CuResult::kSuccess;
}

Answer<Address> CudaDevice::allocate(std::uint64_t bytes) {
  if (bytes == 0) return CuResult::kInvalidValue;
  if (!reserve(bytes)) return CuResult::kOutOfMemory;
  DevicePointer address = 0;
  CuResult result = ask(driver_.allocate, &address, static_cast<std::size_t>(bytes));
  // The driver gives back memory of this process as it was.
  if (result == CuResult::kSuccess) {
    result = ask(driver_.fill8, address, static_cast<unsigned char>(0),
                 static_cast<std::size_t>(bytes), Handle{nullptr});
  }
  if (result != CuResult::kSuccess) {
    give_back(bytes);
    return result;
  }
  add_piece(address, Piece{.bytes = bytes});
  return Address{address};
}

CuResult CudaDevice::free(Address address) {
  if (address == 0) return sticky_error();
  const auto piece = piece_at(address);
  if (!piece || piece->kind != MemoryKind::kDevice) return CuResult::kInvalidValue;
  const CuResult result = ask(driver_.free, DevicePointer{address});
  if (result != CuResult::kSuccess) return result;
  const std::lock_guard lock(mutex_);
  pieces_.erase(address);
  used_ -= piece->bytes;
  return CuResult::kSuccess;
}

Answer<Address> CudaDevice::allocate_ordered(std::uint64_t bytes, StreamId stream) {
  const auto handle = stream_of(stream);
  if (!handle) return CuResult::kInvalidHandle;
  if (bytes == 0) return CuResult::kInvalidValue;
  if (!reserve(bytes)) return CuResult::kOutOfMemory;
  DevicePointer address = 0;
  CuResult result =
      ask(driver_.allocate_ordered, &address, static_cast<std::size_t>(bytes), *handle);
  if (result == CuResult::kSuccess) {
    result = ask(driver_.fill8, address, static_cast<unsigned char>(0),
                 static_cast<std::size_t>(bytes), *handle);
  }
  if (result != CuResult::kSuccess) {
    give_back(bytes);
    return result;
  }
  add_piece(address, Piece{.bytes = bytes, .ordered = true});
  return Address{address};
}

CuResult CudaDevice::free_ordered(Address address, StreamId stream) {
  if (address == 0) return sticky_error();
  const auto handle = stream_of(stream);
  if (!handle) return CuResult::kInvalidHandle;
  const auto piece = piece_at(address);
  if (!piece || piece->kind != MemoryKind::kDevice) return CuResult::kInvalidValue;
  // What came from the ordered allocator goes back to it; the other waits for all work.
  if (!piece->ordered) return free(address);
  const CuResult result = ask(driver_.free_ordered, DevicePointer{address}, *handle);
  if (result != CuResult::kSuccess) return result;
  const std::lock_guard lock(mutex_);
  pieces_.erase(address);
  used_ -= piece->bytes;
  return CuResult::kSuccess;
}

Answer<gpu_device::PinnedMemory> CudaDevice::allocate_pinned(std::uint64_t bytes) {
  constexpr unsigned kDeviceMapped = 2;
  if (bytes == 0) return CuResult::kInvalidValue;
  if (!reserve(bytes)) return CuResult::kOutOfMemory;
  void* host = nullptr;
  DevicePointer address = 0;
  CuResult result =
      ask(driver_.host_allocate, &host, static_cast<std::size_t>(bytes), kDeviceMapped);
  if (result == CuResult::kSuccess) result = ask(driver_.host_pointer, &address, host, 0U);
  if (result != CuResult::kSuccess) {
    give_back(bytes);
    return result;
  }
  add_piece(address, Piece{.bytes = bytes, .kind = MemoryKind::kPinned, .host = host});
  return gpu_device::PinnedMemory{host, address};
}

CuResult CudaDevice::free_pinned(void* host) {
  std::optional<Address> address;
  std::uint64_t bytes = 0;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [start, piece] : pieces_) {
      if (piece.kind == MemoryKind::kPinned && piece.host == host)
        address = start, bytes = piece.bytes;
    }
  }
  if (!address) return CuResult::kInvalidValue;
  ask(driver_.context_synchronize);
  const CuResult result = ask(driver_.host_free, host);
  if (result != CuResult::kSuccess) return result;
  const std::lock_guard lock(mutex_);
  pieces_.erase(*address);
  used_ -= bytes;
  return CuResult::kSuccess;
}

Answer<gpu_device::AddressRange> CudaDevice::range_of(Address address) {
  const auto found = piece_around(address);
  if (!found) return CuResult::kNotFound;
  return gpu_device::AddressRange{found->first, found->second.bytes};
}

Answer<gpu_device::PointerInfo> CudaDevice::pointer_info(Address address) {
  const auto found = piece_around(address);
  if (!found) return CuResult::kInvalidValue;
  const Piece& piece = found->second;
  return gpu_device::PointerInfo{piece.kind, {found->first, piece.bytes}, piece.host, piece.id};
}

CuResult CudaDevice::copy_in(Address to, const void* from, std::uint64_t bytes, StreamId stream) {
  const auto handle = stream_of(stream);
  if (!handle) return CuResult::kInvalidHandle;
  if (bytes == 0) return sticky_error();
  if (from == nullptr || !holds(to, bytes)) return CuResult::kInvalidValue;
  return ask(driver_.copy_in, DevicePointer{to}, from, static_cast<std::size_t>(bytes), *handle);
}

CuResult CudaDevice::copy_out(void* to, Address from, std::uint64_t bytes, StreamId stream) {
  const auto handle = stream_of(stream);
  if (!handle) return CuResult::kInvalidHandle;
  if (bytes == 0) return sticky_error();
  if (to == nullptr || !holds(from, bytes)) return CuResult::kInvalidValue;
  return ask(driver_.copy_out, to, DevicePointer{from}, static_cast<std::size_t>(bytes), *handle);
}

CuResult CudaDevice::copy(Address to, Address from, std::uint64_t bytes, StreamId stream) {
  const auto handle = stream_of(stream);
  if (!handle) return CuResult::kInvalidHandle;
  if (bytes == 0) return sticky_error();
  if (!holds(to, bytes) || !holds(from, bytes)) return CuResult::kInvalidValue;
  return ask(driver_.copy, DevicePointer{to}, DevicePointer{from}, static_cast<std::size_t>(bytes),
             *handle);
}

CuResult CudaDevice::fill(Address to, std::uint32_t value, unsigned element_bytes,
                          std::uint64_t count, StreamId stream) {
  const auto handle = stream_of(stream);
  if (!handle) return CuResult::kInvalidHandle;
  if (element_bytes != 1 && element_bytes != 2 && element_bytes != 4)
    return CuResult::kInvalidValue;
  if (count == 0) return sticky_error();
  if (count > properties_.memory_bytes_total || to % element_bytes != 0 ||
      !holds(to, count * element_bytes)) {
    return CuResult::kInvalidValue;
  }
  const auto elements = static_cast<std::size_t>(count);
  if (element_bytes == 1) {
    return ask(driver_.fill8, DevicePointer{to}, static_cast<unsigned char>(value), elements,
               *handle);
  }
  if (element_bytes == 2) {
    return ask(driver_.fill16, DevicePointer{to}, static_cast<unsigned short>(value), elements,
               *handle);
  }
  return ask(driver_.fill32, DevicePointer{to}, value, elements, *handle);
}

}  // namespace gpu_cuda
