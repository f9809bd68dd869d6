#include "run/block.h"

#include <algorithm>
#include <bit>

#include "run/handlers.h"

namespace gpu_host {

using gpu_device::CuResult;

Block::Block(Grid& the_grid, unsigned the_multiprocessor)
    : grid(the_grid), multiprocessor(the_multiprocessor) {
  const Grid::Setup& setup = grid.setup();
  threads = setup.block.x * setup.block.y * setup.block.z;
  warps.resize((threads + kLanes - 1) / kLanes);
  const std::uint64_t static_bytes = (std::uint64_t{setup.program->shared_bytes} + 15) & ~15ULL;
  shared.resize(static_bytes + setup.dynamic_shared);
  context.program = setup.program.get();
  context.block = this;
  context.shared = Window{0, shared.size(), shared.data(), true};
  // Nobody writes to parameters: the window says so.
  context.param =
      Window{0, setup.parameters.size(), const_cast<std::byte*>(setup.parameters.data()), false};
  for (std::uint32_t at_warp = 0; at_warp < warps.size(); ++at_warp) {
    warps[at_warp].index = at_warp;
    context.depth = 0;
    choose(warps[at_warp]);
    if (!add_level(context, setup.program->code.front())) return;
    fill_constants(context, setup.program->functions.front(), kAllLanes);
  }
}

void Block::choose(Warp& warp) {
  context.warp = &warp;
  context.local = warp.local.data();
  context.local_bytes = std::uint64_t{warp.levels} * context.program->local_bytes;
  context.local_stride = context.local_bytes;
  context.frame = warp.frames.get();
}

void Block::start() {
  std::ranges::fill(barriers, Barrier{});
  std::ranges::fill(shared, std::byte{0});
  for (Warp& warp : warps) {
    const std::uint32_t left = threads - warp.index * kLanes;
    warp.live = left >= kLanes ? kAllLanes : (1U << left) - 1;
    warp.at_barrier = warp.at_sync = 0;
    warp.others_first = false;
    std::ranges::fill(warp.pc, 0);
    std::ranges::fill(warp.depth, 0);
    choose(warp);
    context.depth = 0;
    fill_specials(context, context.program->functions.front(), kAllLanes);
  }
}

std::uint32_t Block::live_threads() const {
  std::uint32_t live = 0;
  for (const Warp& warp : warps) live += static_cast<std::uint32_t>(std::popcount(warp.live));
  return live;
}

// What a reduction over the block answers goes into the registers of each lane that waited.
void Block::release(std::size_t id) {
  const Barrier barrier = barriers.at(id);
  barriers.at(id) = Barrier{};
  for (Warp& warp : warps) {
    choose(warp);
    for (unsigned l = 0; l < kLanes; ++l) {
      if (((warp.at_barrier >> l) & 1) == 0 || warp.barrier[l] != id) continue;
      warp.at_barrier &= ~(1U << l);
      const Instr& instr = context.program->code[warp.pc[l]++];
      const auto kind = static_cast<BarrierKind>(instr.imm);
      if (kind < BarrierKind::kPopc || instr.d[0] == kNoRegister) continue;
      std::byte* frame =
          warp.frames.get() + std::uint64_t{warp.depth[l]} * context.program->frame_bytes;
      auto* d = reinterpret_cast<std::uint32_t*>(frame + instr.d[0]);
      if (kind == BarrierKind::kPopc) {
        d[l] = barrier.votes;
      } else {
        const bool yes =
            kind == BarrierKind::kAnd ? barrier.votes == barrier.arrived : barrier.votes != 0;
        *d = (*d & ~(1U << l)) | (static_cast<std::uint32_t>(yes) << l);
      }
    }
  }
}

bool Block::release_barriers() {
  bool released = false;
  for (std::size_t id = 0; id < kBarriers; ++id) {
    const Barrier& barrier = barriers.at(id);
    if (barrier.arrived == 0) continue;
    // Threads that have ended are waited for by nobody.
    if (barrier.arrived < (barrier.wanted != 0 ? barrier.wanted : live_threads())) continue;
    release(id);
    released = true;
  }
  return released;
}

void Block::run(std::uint64_t the_index) {
  index = the_index;
  const gpu_device::Dim3& size = grid.setup().grid;
  at.x = static_cast<std::uint32_t>(index % size.x);
  at.y = static_cast<std::uint32_t>(index / size.x % size.y);
  at.z = static_cast<std::uint32_t>(index / size.x / size.y);
  start();
  while (true) {
    bool ran = false;
    for (Warp& warp : warps) {
      if ((warp.live & ~warp.at_barrier) == 0) continue;
      ran = true;
      choose(warp);
      if (run_warp(context) == Outcome::kFaults) return;
    }
    if (live_threads() == 0) return;
    if (!release_barriers() && !ran) {
      context.warp = &warps.front();
      grid.fail(CuResult::kLaunchTimeout,
                "kernel " + context.program->name +
                    ": all threads of a block wait at barriers that cannot open");
      return;
    }
  }
}

const Instr* fault(Context& c, const Instr& i, CuResult result, const std::string& what) {
  const gpu_device::Dim3& at = c.block->at;
  c.block->grid.fail(result, "kernel " + c.program->name + ", line " + std::to_string(i.line) +
                                 ": " + what + " (block " + std::to_string(at.x) + "," +
                                 std::to_string(at.y) + "," + std::to_string(at.z) + ", warp " +
                                 std::to_string(c.warp->index) + ")");
  return nullptr;
}

}  // namespace gpu_host
