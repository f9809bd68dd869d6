// The name of a code image: SHA-256 of its bytes, so that nobody can pass one off as another.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace gpu_wire {

using Digest = std::array<std::uint8_t, 32>;

Digest digest_of(std::span<const std::byte> bytes);

}  // namespace gpu_wire
