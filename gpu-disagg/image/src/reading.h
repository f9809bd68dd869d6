// Little-endian numbers out of bytes whose bounds were checked before.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace gpu_image {

inline constexpr std::uint32_t kWrapperMagic = 0x466243B1;
inline constexpr std::uint32_t kContainerMagic = 0xBA55ED50;
inline constexpr std::uint32_t kElfMagic = 0x464C457F;
inline constexpr std::uint64_t kContainerHeaderBytes = 16;

template <typename T>
T number_at(std::span<const std::byte> bytes, std::uint64_t offset) {
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

// Whether [offset, offset + bytes) lies in `size` bytes; no sum of large numbers goes round.
inline bool lies_within(std::uint64_t offset, std::uint64_t bytes, std::uint64_t size) {
  return offset <= size && bytes <= size - offset;
}

}  // namespace gpu_image
