#include "ring.h"

#include <algorithm>
#include <cstring>

namespace gpu_wire {

static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

std::optional<std::size_t> Ring::filled() const {
  const std::uint64_t count = control_->written.load(std::memory_order_acquire) -
                              control_->read.load(std::memory_order_relaxed);
  if (count > kBytes) return std::nullopt;
  return count;
}

std::optional<std::size_t> Ring::room() const {
  const std::uint64_t count = control_->written.load(std::memory_order_relaxed) -
                              control_->read.load(std::memory_order_acquire);
  if (count > kBytes) return std::nullopt;
  return kBytes - count;
}

std::size_t Ring::write(std::span<const std::byte> from, std::size_t room) {
  const std::uint64_t position = control_->written.load(std::memory_order_relaxed);
  const std::size_t count = std::min(from.size(), room), at = position % kBytes;
  const std::size_t first = std::min(count, kBytes - at);
  std::memcpy(bytes_ + at, from.data(), first);
  std::memcpy(bytes_, from.data() + first, count - first);
  control_->written.store(position + count, std::memory_order_seq_cst);
  return count;
}

std::size_t Ring::read(std::span<std::byte> to, std::size_t filled) {
  const std::uint64_t position = control_->read.load(std::memory_order_relaxed);
  const std::size_t count = std::min(to.size(), filled), at = position % kBytes;
  const std::size_t first = std::min(count, kBytes - at);
  std::memcpy(to.data(), bytes_ + at, first);
  std::memcpy(to.data() + first, bytes_, count - first);
  control_->read.store(position + count, std::memory_order_seq_cst);
  return count;
}

}  // namespace gpu_wire
