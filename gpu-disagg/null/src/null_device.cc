#include "gpu_null/null_device.h"

#include <algorithm>
#include <cstring>

namespace gpu_null {

using gpu_device::CuResult;

namespace {

// Far from addresses of a host's memory, so that a mix-up shows.
constexpr std::uint64_t kFirstAddress = 0x7f00'0000'0000;
constexpr std::uint64_t kAlign = 256;
constexpr std::uint64_t kFirstOwnId = 16;  // below are the streams that exist by themselves

gpu_device::DeviceProperties make_properties(const Options& options) {
  gpu_device::DeviceProperties made;
  made.name = "Null device";
  made.uuid.fill(0x4e);
  made.pci_bus_id = "0000:00:00.0";
  made.driver_version = 13'000;
  made.memory_bytes_total = options.memory_bytes;
  const auto set = [&](std::size_t attribute, int value) {
    made.attributes[attribute] = value;
    made.known[attribute] = true;
  };
  set(gpu_device::kMaxThreadsPerBlock, 1024);
  for (std::size_t i : {gpu_device::kMaxBlockDimX, gpu_device::kMaxBlockDimY}) set(i, 1024);
  set(gpu_device::kMaxBlockDimZ, 64);
  set(gpu_device::kMaxGridDimX, 0x7fff'ffff);
  for (std::size_t i : {gpu_device::kMaxGridDimY, gpu_device::kMaxGridDimZ}) set(i, 65'535);
  set(gpu_device::kMaxSharedMemoryPerBlock, 48 << 10);
  set(gpu_device::kMaxSharedMemoryPerBlockOptin, 48 << 10);
  set(gpu_device::kWarpSize, 32);
  set(gpu_device::kMultiprocessorCount, 1);
  set(gpu_device::kMaxThreadsPerMultiprocessor, 1024);
  set(gpu_device::kUnifiedAddressing, 1);
  set(gpu_device::kComputeCapabilityMajor, 7);
  set(gpu_device::kComputeCapabilityMinor, 0);
  return made;
}

}  // namespace

NullDevice::NullDevice(Options options)
    : options_(options),
      properties_(make_properties(options)),
      limit_(options.memory_bytes),
      last_(kFirstOwnId) {}

gpu_device::MemoryInfo NullDevice::memory_info() {
  const std::lock_guard lock(mutex_);
  return {.free_bytes = limit_ - std::min(used_, limit_), .total_bytes = limit_};
}

CuResult NullDevice::limit_memory(std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  if (bytes > options_.memory_bytes) return CuResult::kInvalidValue;
  limit_ = bytes;
  return CuResult::kSuccess;
}

gpu_device::Answer<gpu_device::Address> NullDevice::allocate(std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  if (fault_ != CuResult::kSuccess) return fault_;
  if (bytes == 0) return CuResult::kInvalidValue;
  if (bytes > limit_ - std::min(used_, limit_)) return CuResult::kOutOfMemory;
  Address address = kFirstAddress;
  if (!blocks_.empty()) {
    const auto& [last, block] = *blocks_.rbegin();
    address = (last + block.bytes + kAlign - 1) / kAlign * kAlign;
  }
  Block block{.bytes = bytes, .content = nullptr, .number = ++last_};
  if (options_.has_bytes) block.content = std::make_unique<std::byte[]>(bytes);
  blocks_.emplace(address, std::move(block));
  used_ += bytes;
  return address;
}

CuResult NullDevice::free(Address address) {
  const std::lock_guard lock(mutex_);
  if (fault_ != CuResult::kSuccess) return fault_;
  if (address == 0) return CuResult::kSuccess;
  const auto found = blocks_.find(address);
  if (found == blocks_.end()) return CuResult::kInvalidValue;
  used_ -= found->second.bytes;
  blocks_.erase(found);
  return CuResult::kSuccess;
}

gpu_device::Answer<gpu_device::Address> NullDevice::allocate_ordered(std::uint64_t bytes,
                                                                     StreamId stream) {
  if (!stream_exists(stream)) return CuResult::kInvalidHandle;
  return allocate(bytes);
}

CuResult NullDevice::free_ordered(Address address, StreamId stream) {
  return stream_exists(stream) ? free(address) : CuResult::kInvalidHandle;
}

gpu_device::Answer<gpu_device::PinnedMemory> NullDevice::allocate_pinned(std::uint64_t) {
  return CuResult::kNotSupported;
}

CuResult NullDevice::free_pinned(void*) { return CuResult::kInvalidValue; }

gpu_device::Answer<gpu_device::AddressRange> NullDevice::range_of(Address address) {
  const std::lock_guard lock(mutex_);
  auto found = blocks_.upper_bound(address);
  if (found == blocks_.begin()) return CuResult::kNotFound;
  --found;
  if (address - found->first >= found->second.bytes) return CuResult::kNotFound;
  return gpu_device::AddressRange{.start = found->first, .bytes = found->second.bytes};
}

gpu_device::Answer<gpu_device::PointerInfo> NullDevice::pointer_info(Address address) {
  const auto range = range_of(address);
  if (!range.ok()) return range.result();
  const std::lock_guard lock(mutex_);
  return gpu_device::PointerInfo{.range = *range, .buffer_id = blocks_.at(range->start).number};
}

// The bytes behind a range; null, with the reason, when it is not in one allocation.
std::byte* NullDevice::at(Address address, std::uint64_t bytes, CuResult& result) {
  result = fault_;
  if (fault_ != CuResult::kSuccess) return nullptr;
  result = CuResult::kInvalidValue;
  auto found = blocks_.upper_bound(address);
  if (found == blocks_.begin()) return nullptr;
  --found;
  const std::uint64_t before = address - found->first;
  if (before > found->second.bytes || bytes > found->second.bytes - before) return nullptr;
  result = CuResult::kSuccess;
  return options_.has_bytes ? found->second.content.get() + before : nullptr;
}

CuResult NullDevice::copy_in(Address to, const void* from, std::uint64_t bytes, StreamId stream) {
  if (!stream_exists(stream)) return CuResult::kInvalidHandle;
  const std::lock_guard lock(mutex_);
  CuResult result{};
  std::byte* const place = at(to, bytes, result);
  if (place != nullptr && bytes > 0) std::memcpy(place, from, bytes);
  return result;
}

CuResult NullDevice::copy_out(void* to, Address from, std::uint64_t bytes, StreamId stream) {
  if (!stream_exists(stream)) return CuResult::kInvalidHandle;
  const std::lock_guard lock(mutex_);
  CuResult result{};
  const std::byte* const place = at(from, bytes, result);
  if (place != nullptr && bytes > 0) std::memcpy(to, place, bytes);
  return result;
}

CuResult NullDevice::copy(Address to, Address from, std::uint64_t bytes, StreamId stream) {
  if (!stream_exists(stream)) return CuResult::kInvalidHandle;
  const std::lock_guard lock(mutex_);
  CuResult result{};
  const std::byte* const source = at(from, bytes, result);
  if (result != CuResult::kSuccess) return result;
  std::byte* const place = at(to, bytes, result);
  if (place != nullptr && bytes > 0) std::memmove(place, source, bytes);
  return result;
}

CuResult NullDevice::fill(Address to, std::uint32_t value, unsigned element_bytes,
                          std::uint64_t count, StreamId stream) {
  if (!stream_exists(stream)) return CuResult::kInvalidHandle;
  if (element_bytes != 1 && element_bytes != 2 && element_bytes != 4)
    return CuResult::kInvalidValue;
  const std::lock_guard lock(mutex_);
  CuResult result{};
  if (count > ~std::uint64_t{0} / element_bytes) return CuResult::kInvalidValue;
  std::byte* place = at(to, count * element_bytes, result);
  if (place == nullptr) return result;
  for (std::uint64_t i = 0; i < count; ++i, place += element_bytes)
    std::memcpy(place, &value, element_bytes);
  return result;
}

CuResult NullDevice::launch(const gpu_device::Launch& launch) {
  const std::lock_guard lock(mutex_);
  if (fault_ != CuResult::kSuccess) return fault_;
  const auto found = kernels_.find(launch.kernel);
  if (found == kernels_.end()) return CuResult::kInvalidHandle;
  if (launch.parameters.size() != found->second) return CuResult::kInvalidValue;
  ++launches_;
  return CuResult::kSuccess;
}

CuResult NullDevice::sticky_error() {
  const std::lock_guard lock(mutex_);
  return fault_;
}

CuResult NullDevice::interrupt() {
  fail(CuResult::kLaunchTimeout);
  return CuResult::kSuccess;
}

void NullDevice::fail(CuResult fault) {
  const std::lock_guard lock(mutex_);
  if (fault_ == CuResult::kSuccess) fault_ = fault;
}

}  // namespace gpu_null
