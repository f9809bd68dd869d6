// The warps of one block, their shared memory and their barriers.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "run/grid.h"
#include "run/warp.h"

namespace gpu_host {

inline constexpr std::size_t kBarriers = 16;

struct Barrier {
  std::uint32_t arrived = 0;
  std::uint32_t wanted = 0;  // 0: all that live
  std::uint32_t votes = 0;   // predicates that were true
};

// Made once for each thread of a launch, and used for one block after the other.
struct Block {
  explicit Block(Grid& the_grid, unsigned the_multiprocessor);
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;

  void run(std::uint64_t index);

  Grid& grid;
  unsigned multiprocessor;
  std::uint32_t threads;
  std::uint64_t index = 0;
  gpu_device::Dim3 at;
  std::vector<Warp> warps;
  std::array<Barrier, kBarriers> barriers;
  std::vector<std::byte> shared;
  std::uint64_t stack_bytes = 0;  // of all warps
  Context context;

 private:
  void start();
  void choose(Warp& warp);
  bool release_barriers();
  void release(std::size_t id);
  std::uint32_t live_threads() const;
};

// Tells the fault of an instruction; null, so that a handler can return it.
const Instr* fault(Context& c, const Instr& i, gpu_device::CuResult result,
                   const std::string& what);

}  // namespace gpu_host
