// Device memory: allocations, fills, copies within the device.
#include <algorithm>

#include "executor.h"

namespace gpu_session {

CuResult Executor::on(const gpu_wire::MemoryInfo&, gpu_wire::MemoryInfoReply& reply) {
  const gpu_device::MemoryInfo info = device_.memory_info();
  reply = {.free_bytes = info.free_bytes, .total_bytes = info.total_bytes};
  return device_.sticky_error();
}

CuResult Executor::on(const gpu_wire::Allocate& ask, gpu_wire::AllocateReply& reply) {
  if (const CuResult settled = settle(); settled != CuResult::kSuccess) return settled;
  const auto address = device_.allocate(ask.bytes);
  if (!address.ok()) return address.result();
  reply.address = *address;
  note_memory();
  return CuResult::kSuccess;
}

CuResult Executor::on(const gpu_wire::AllocateOn& ask, gpu_wire::AllocateOnReply& reply) {
  const gpu_device::StreamId* on_stream = stream(ask.stream);
  if (on_stream == nullptr) return CuResult::kInvalidHandle;
  const auto address = device_.allocate_ordered(ask.bytes, *on_stream);
  if (!address.ok()) return address.result();
  reply.address = *address;
  note_memory();
  return CuResult::kSuccess;
}

CuResult Executor::on(const gpu_wire::Free& message) {
  if (const CuResult settled = settle(); settled != CuResult::kSuccess) return settled;
  return device_.free(message.address);
}

CuResult Executor::on(const gpu_wire::FreeOn& message) {
  const gpu_device::StreamId* on_stream = stream(message.stream);
  if (on_stream == nullptr) return CuResult::kInvalidHandle;
  return device_.free_ordered(message.address, *on_stream);
}

CuResult Executor::on(const gpu_wire::Fill& message) {
  const gpu_device::StreamId* on_stream = stream(message.stream);
  if (on_stream == nullptr) return CuResult::kInvalidHandle;
  const std::uint64_t row_bytes = message.width * message.element_bytes;
  if (message.height <= 1 || message.pitch == row_bytes) {
    const std::uint64_t count = message.width * std::max<std::uint64_t>(message.height, 1);
    return device_.fill(message.address, message.value, message.element_bytes, count, *on_stream);
  }
  // The rows lie in one allocation, or there could be any number of them.
  if (message.pitch < row_bytes || message.pitch > ~std::uint64_t{0} / message.height ||
      !holds(message.address, message.pitch * (message.height - 1) + row_bytes))
    return CuResult::kInvalidValue;
  for (std::uint64_t row = 0; row < message.height; ++row) {
    const CuResult result = device_.fill(message.address + row * message.pitch, message.value,
                                         message.element_bytes, message.width, *on_stream);
    if (result != CuResult::kSuccess) return result;
  }
  return CuResult::kSuccess;
}

CuResult Executor::on(const gpu_wire::CopyAcross& message) {
  const gpu_device::StreamId* on_stream = stream(message.stream);
  if (on_stream == nullptr) return CuResult::kInvalidHandle;
  return device_.copy(message.to, message.from, message.bytes, *on_stream);
}

void Executor::note_memory() {
  const gpu_device::MemoryInfo info = device_.memory_info();
  counts_.memory_bytes_peak =
      std::max(counts_.memory_bytes_peak, info.total_bytes - info.free_bytes);
}

bool Executor::holds(gpu_device::Address address, std::uint64_t bytes) {
  const auto range = device_.range_of(address);
  if (!range.ok()) return false;
  const std::uint64_t before = address - range->start;
  return before <= range->bytes && bytes <= range->bytes - before;
}

}  // namespace gpu_session
