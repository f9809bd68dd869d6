// A volume with a few files of each kind.
//
//   small       "hello\n", inline          empty       nothing
//   large       300 000 made-up bytes      sparse      20 MiB, bytes in the third object alone
//   directory/  with "inside"              symlink     -> small
//   twin-a and twin-b, one file of 100 000 bytes       tool        inline, mode 04755
#pragma once

#include "memory_volume.h"

namespace storage_overlay {

inline constexpr std::uint64_t kLargeBytes = 300'000;
inline constexpr std::uint64_t kSparseBytes = 20 << 20;
inline constexpr std::uint64_t kTwinBytes = 100'000;

void fill(MemoryVolume& volume);

}  // namespace storage_overlay
