// Names that the client gives to what it creates: kind, generation, and a slot of the session's
// table.
//
// A slot is used again only with a greater generation, so an id that outlived its object is never
// taken for a new one. 0 is no id; CUDA's special streams (0, 1) are none either.
#pragma once

#include <cstdint>

namespace gpu_wire {

// Kernels have ids on the client only: on the wire they are numbers within their module.
enum class Kind : std::uint8_t { kStream = 1, kEvent = 2, kModule = 3, kKernel = 4 };

struct Id {
  Kind kind = Kind::kStream;
  std::uint32_t generation = 0;  // 24 bits, from 1
  std::uint32_t slot = 0;

  static constexpr std::uint32_t kGenerationMax = 0xff'ffff;

  constexpr std::uint64_t packed() const {
    return std::uint64_t{static_cast<std::uint8_t>(kind)} << 56 | std::uint64_t{generation} << 32 |
           slot;
  }
  static constexpr Id from(std::uint64_t packed) {
    return {.kind = static_cast<Kind>(packed >> 56),
            .generation = static_cast<std::uint32_t>(packed >> 32) & kGenerationMax,
            .slot = static_cast<std::uint32_t>(packed)};
  }
};

// The streams that exist without being created.
inline constexpr std::uint64_t kLegacyStream = 0;

}  // namespace gpu_wire
