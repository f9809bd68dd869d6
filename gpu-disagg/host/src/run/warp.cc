#include "run/warp.h"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <cstring>

#include "base/check.h"
#include "run/block.h"
#include "run/handlers.h"

namespace gpu_host {
namespace {

// Backward branches and calls of a turn.
constexpr std::int32_t kTurn = 4096;
// The same where lanes have parted: one may spin for what another holds.
constexpr std::int32_t kTurnApart = 256;
constexpr std::uint32_t kLevelsMost = 1024;
// Registers and local memory of all warps of a block.
constexpr std::uint64_t kStackBytesMost = 64 << 20;

// Those that were called come before those that call: they come back to where the others wait.
bool comes_before(const Warp& warp, unsigned one, unsigned other) {
  if (warp.depth[one] != warp.depth[other]) return warp.depth[one] > warp.depth[other];
  return warp.pc[one] < warp.pc[other];
}

unsigned leader_of(const Warp& warp, std::uint32_t lanes, bool last) {
  unsigned leader = static_cast<unsigned>(std::countr_zero(lanes));
  for (unsigned l = leader + 1; l < kLanes; ++l) {
    if (((lanes >> l) & 1) == 0) continue;
    const bool before = comes_before(warp, l, leader);
    if (last ? comes_before(warp, leader, l) : before) leader = l;
  }
  return leader;
}

std::byte* level(const Context& c, std::uint32_t depth) {
  return c.warp->frames.get() + std::uint64_t{depth} * c.program->frame_bytes;
}

// The lanes that go on with the leader, and how far they can before they meet others.
void form_group(Context& c, unsigned leader, std::uint32_t able) {
  Warp& warp = *c.warp;
  c.mask = 0;
  c.depth = warp.depth[leader];
  const std::uint32_t pc = warp.pc[leader];
  auto limit = static_cast<std::uint32_t>(c.program->code.size());
  for (unsigned l = 0; l < kLanes; ++l) {
    if (((able >> l) & 1) == 0 || warp.depth[l] != c.depth) continue;
    if (warp.pc[l] == pc) c.mask |= 1U << l;
    if (warp.pc[l] > pc) limit = std::min(limit, warp.pc[l]);
  }
  warp.at_sync &= ~c.mask;
  c.converged = c.mask == warp.live;
  if (!c.converged) c.budget = std::min(c.budget, kTurnApart);
  c.limit = c.program->code.data() + limit;
  c.frame = level(c, c.depth);
}

void run_group(Context& c, unsigned leader) {
  const Instr* at = c.program->code.data() + c.warp->pc[leader];
  do {
    at = at->run(c, *at);
  } while (at != nullptr && at != c.limit);
  if (at != nullptr) park(c, c.mask, at);
}

}  // namespace

Outcome run_warp(Context& c) {
  Warp& warp = *c.warp;
  c.budget = kTurn;
  while (true) {
    if (warp.live == 0) return Outcome::kEnded;
    std::uint32_t able = warp.live & ~warp.at_barrier & ~warp.at_sync;
    // Where all who could come wait themselves, those who wait for them go on alone.
    c.alone = able == 0;
    if (able == 0) able = warp.at_sync;
    if (able == 0) return Outcome::kWaits;
    const unsigned leader = leader_of(warp, able, warp.others_first);
    warp.others_first = false;
    form_group(c, leader, able | warp.at_sync);
    run_group(c, leader);
    if (c.block->grid.must_stop()) return Outcome::kFaults;
    if (c.budget <= 0) {
      warp.others_first = true;
      return Outcome::kYields;
    }
  }
}

bool add_level(Context& c, const Instr& i) {
  Warp& warp = *c.warp;
  const Program& program = *c.program;
  if (c.depth + 1 < warp.levels) return true;
  const std::uint32_t levels = std::max(1U, warp.levels * 2);
  const std::uint64_t frame_bytes = std::uint64_t{levels} * program.frame_bytes;
  const std::uint64_t lane_bytes = std::uint64_t{levels} * program.local_bytes;
  const std::uint64_t grown = frame_bytes + lane_bytes * kLanes;
  if (levels > kLevelsMost || c.block->stack_bytes + grown > kStackBytesMost) {
    fault(c, i, gpu_device::CuResult::kHardwareStackError,
          "calls within calls, or local memory, beyond what there is room for");
    return false;
  }
  c.block->stack_bytes += grown;
  auto* frames =
      static_cast<std::byte*>(std::aligned_alloc(64, std::max<std::uint64_t>(frame_bytes, 64)));
  CHECK(frames != nullptr);
  std::memset(frames, 0, frame_bytes);
  std::vector<std::byte> local(lane_bytes * kLanes);
  if (warp.levels > 0) {
    std::memcpy(frames, warp.frames.get(), std::uint64_t{warp.levels} * program.frame_bytes);
    const std::uint64_t old = std::uint64_t{warp.levels} * program.local_bytes;
    for (unsigned l = 0; l < kLanes; ++l) {
      if (old != 0) std::memcpy(local.data() + l * lane_bytes, warp.local.data() + l * old, old);
    }
  }
  warp.frames = {frames, std::free};
  warp.local = std::move(local);
  warp.levels = levels;
  warp.returns.resize(levels);
  c.frame = level(c, c.depth);
  c.local = warp.local.data();
  c.local_stride = c.local_bytes = lane_bytes;
  return true;
}

namespace {

template <typename T>
void fill(std::byte* at, std::uint32_t lanes, T value) {
  auto* slots = reinterpret_cast<T*>(at);
  for (unsigned l = 0; l < kLanes; ++l) {
    if (((lanes >> l) & 1) != 0) slots[l] = value;
  }
}

std::uint32_t special_of(const Context& c, Special special, unsigned lane) {
  const Grid::Setup& setup = c.block->grid.setup();
  const std::uint32_t thread = c.warp->index * kLanes + lane;
  const std::uint32_t bit = 1U << lane;
  switch (special) {
    case Special::kTidX:
      return thread % setup.block.x;
    case Special::kTidY:
      return thread / setup.block.x % setup.block.y;
    case Special::kTidZ:
      return thread / setup.block.x / setup.block.y;
    case Special::kNtidX:
      return setup.block.x;
    case Special::kNtidY:
      return setup.block.y;
    case Special::kNtidZ:
      return setup.block.z;
    case Special::kCtaidX:
      return c.block->at.x;
    case Special::kCtaidY:
      return c.block->at.y;
    case Special::kCtaidZ:
      return c.block->at.z;
    case Special::kNctaidX:
      return setup.grid.x;
    case Special::kNctaidY:
      return setup.grid.y;
    case Special::kNctaidZ:
      return setup.grid.z;
    case Special::kLaneid:
      return lane;
    case Special::kWarpid:
      return c.warp->index;
    case Special::kNwarpid:
      return static_cast<std::uint32_t>(c.block->warps.size());
    case Special::kSmid:
      return c.block->multiprocessor;
    case Special::kNsmid:
      return 2;
    case Special::kLanemaskEq:
      return bit;
    case Special::kLanemaskLe:
      return bit | (bit - 1);
    case Special::kLanemaskLt:
      return bit - 1;
    case Special::kLanemaskGe:
      return ~(bit - 1);
    case Special::kLanemaskGt:
      return ~(bit | (bit - 1));
    case Special::kDynamicShared:
      return setup.dynamic_shared;
    case Special::kTotalShared:
      return setup.dynamic_shared + c.program->shared_bytes;
    case Special::kGridid:
      break;
  }
  return 0;
}

}  // namespace

void fill_constants(Context& c, const FunctionCode& function, std::uint32_t lanes) {
  for (const Constant& one : function.constants) {
    if (one.wide) {
      fill(c.frame + one.offset, lanes, one.bits);
    } else {
      fill(c.frame + one.offset, lanes, static_cast<std::uint32_t>(one.bits));
    }
  }
}

void fill_specials(Context& c, const FunctionCode& function, std::uint32_t lanes) {
  for (const SpecialRegister& one : function.specials) {
    if (one.special == Special::kGridid) {
      fill(c.frame + one.offset, lanes, c.block->grid.setup().id);
      continue;
    }
    auto* slots = reinterpret_cast<std::uint32_t*>(c.frame + one.offset);
    for (unsigned l = 0; l < kLanes; ++l) {
      if (((lanes >> l) & 1) != 0) slots[l] = special_of(c, one.special, l);
    }
  }
}

}  // namespace gpu_host
