#include "device/host_device.h"

#include <algorithm>
#include <cstring>

#include "device/properties.h"

namespace gpu_host {
namespace {

using gpu_device::Address;
using gpu_device::Answer;
using gpu_device::CuResult;
using gpu_device::MemoryKind;

// Below, the caller does it as fast as it could be handed over.
constexpr std::uint64_t kQuickBytes = 256 << 10;

Fault gone(const char* what) {
  return Fault{CuResult::kIllegalAddress,
               std::string(what) + ": memory that was freed before its turn came"};
}

}  // namespace

HostDevice::HostDevice(const HostOptions& options)
    : properties_(host_properties(options)),
      options_(options),
      arena_(std::max<std::uint64_t>(options.memory_bytes, 1)),
      pool_(std::clamp(options.threads, 1U, 64U)) {}

HostDevice::~HostDevice() { interrupted_.store(true); }

CuResult HostDevice::limit_memory(std::uint64_t bytes) {
  return arena_.limit(bytes) ? CuResult::kSuccess : CuResult::kInvalidValue;
}

Answer<Address> HostDevice::allocate(std::uint64_t bytes) {
  if (const CuResult sticky = engine_.sticky(); sticky != CuResult::kSuccess) return sticky;
  return arena_.allocate(bytes, MemoryKind::kDevice);
}

CuResult HostDevice::free(Address address) {
  const CuResult before = engine_.synchronize();
  if (before != CuResult::kSuccess || address == 0) return before;
  return arena_.free(address, MemoryKind::kDevice) ? CuResult::kSuccess : CuResult::kInvalidValue;
}

Answer<Address> HostDevice::allocate_ordered(std::uint64_t bytes, StreamId stream) {
  if (const CuResult known = engine_.query_stream(stream);
      known != CuResult::kSuccess && known != CuResult::kNotReady) {
    return known;
  }
  return allocate(bytes);
}

CuResult HostDevice::free_ordered(Address address, StreamId stream) {
  const auto found = arena_.find(address);
  if (!found || found->range.start != address || found->kind != MemoryKind::kDevice) {
    return address == 0 ? CuResult::kSuccess : CuResult::kInvalidValue;
  }
  return engine_.submit(
      stream,
      [this, address] {
        return arena_.free(address, MemoryKind::kDevice) ? Fault{} : gone("free");
      },
      true);
}

Answer<gpu_device::PinnedMemory> HostDevice::allocate_pinned(std::uint64_t bytes) {
  if (const CuResult sticky = engine_.sticky(); sticky != CuResult::kSuccess) return sticky;
  const auto address = arena_.allocate(bytes, MemoryKind::kPinned);
  if (!address.ok()) return address.result();
  return gpu_device::PinnedMemory{arena_.host(*address, bytes), *address};
}

CuResult HostDevice::free_pinned(void* host) {
  const CuResult before = engine_.synchronize();
  if (before != CuResult::kSuccess) return before;
  const auto address = arena_.address_of(host);
  const bool freed = address && arena_.free(*address, MemoryKind::kPinned);
  return freed ? CuResult::kSuccess : CuResult::kInvalidValue;
}

Answer<gpu_device::AddressRange> HostDevice::range_of(Address address) {
  const auto found = arena_.find(address);
  if (!found) return CuResult::kNotFound;
  return found->range;
}

Answer<gpu_device::PointerInfo> HostDevice::pointer_info(Address address) {
  auto found = arena_.find(address);
  if (!found) return CuResult::kInvalidValue;
  if (found->kind != MemoryKind::kPinned) found->host = nullptr;
  return *found;
}

// Each looks the memory up once more when its turn has come: it may have been freed in between.
CuResult HostDevice::copy_in(Address to, const void* from, std::uint64_t bytes, StreamId stream) {
  if (bytes == 0) return engine_.sticky();
  if (from == nullptr || arena_.host(to, bytes) == nullptr) return CuResult::kInvalidValue;
  return engine_.submit(
      stream,
      [this, to, from, bytes] {
        std::byte* place = arena_.host(to, bytes);
        if (place == nullptr) return gone("copy");
        std::memcpy(place, from, bytes);
        return Fault{};
      },
      bytes <= kQuickBytes);
}

CuResult HostDevice::copy_out(void* to, Address from, std::uint64_t bytes, StreamId stream) {
  if (bytes == 0) return engine_.sticky();
  if (to == nullptr || arena_.host(from, bytes) == nullptr) return CuResult::kInvalidValue;
  return engine_.submit(
      stream,
      [this, to, from, bytes] {
        const std::byte* place = arena_.host(from, bytes);
        if (place == nullptr) return gone("copy");
        std::memcpy(to, place, bytes);
        return Fault{};
      },
      bytes <= kQuickBytes);
}

CuResult HostDevice::copy(Address to, Address from, std::uint64_t bytes, StreamId stream) {
  if (bytes == 0) return engine_.sticky();
  if (arena_.host(to, bytes) == nullptr || arena_.host(from, bytes) == nullptr) {
    return CuResult::kInvalidValue;
  }
  return engine_.submit(
      stream,
      [this, to, from, bytes] {
        std::byte* place = arena_.host(to, bytes);
        const std::byte* source = arena_.host(from, bytes);
        if (place == nullptr || source == nullptr) return gone("copy");
        std::memmove(place, source, bytes);
        return Fault{};
      },
      bytes <= kQuickBytes);
}

CuResult HostDevice::fill(Address to, std::uint32_t value, unsigned element_bytes,
                          std::uint64_t count, StreamId stream) {
  if (element_bytes != 1 && element_bytes != 2 && element_bytes != 4)
    return CuResult::kInvalidValue;
  if (count == 0) return engine_.sticky();
  if (count > arena_.bytes() || to % element_bytes != 0) return CuResult::kInvalidValue;
  const std::uint64_t bytes = count * element_bytes;
  if (arena_.host(to, bytes) == nullptr) return CuResult::kInvalidValue;
  return engine_.submit(
      stream,
      [this, to, value, element_bytes, count, bytes] {
        std::byte* place = arena_.host(to, bytes);
        if (place == nullptr) return gone("fill");
        if (element_bytes == 1) std::fill_n(place, count, static_cast<std::byte>(value));
        if (element_bytes == 2) {
          std::fill_n(reinterpret_cast<std::uint16_t*>(place), count,
                      static_cast<std::uint16_t>(value));
        }
        if (element_bytes == 4) std::fill_n(reinterpret_cast<std::uint32_t*>(place), count, value);
        return Fault{};
      },
      bytes <= kQuickBytes);
}

Answer<gpu_device::StreamId> HostDevice::create_stream(unsigned flags, int /*priority*/) {
  return engine_.create_stream(flags);
}

void HostDevice::print(const std::string& text) {
  constexpr std::size_t kOutputMost = 1 << 20;
  const std::lock_guard lock(output_mutex_);
  // As on hardware, what nobody fetches in time is lost.
  if (output_.size() + text.size() <= kOutputMost) output_ += text;
}

std::string HostDevice::take_output() {
  const std::lock_guard lock(output_mutex_);
  return std::exchange(output_, {});
}

CuResult HostDevice::interrupt() {
  interrupted_.store(true);
  engine_.fail(Fault{CuResult::kLaunchTimeout, "ended from outside"});
  return CuResult::kSuccess;
}

std::unique_ptr<gpu_device::Device> make_host_device(const HostOptions& options) {
  return std::make_unique<HostDevice>(options);
}

}  // namespace gpu_host
