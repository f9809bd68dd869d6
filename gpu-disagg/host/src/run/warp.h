// 32 lanes that run together where they can: always those whose place in the code comes first, so
// that lanes that parted meet again where their ways do, without any look at the program
// beforehand.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <vector>

#include "run/context.h"

namespace gpu_host {

struct Warp {
  std::uint32_t index = 0;
  std::uint32_t live = 0;        // lanes that have not ended
  std::uint32_t at_barrier = 0;  // lanes that wait for the block
  std::uint32_t at_sync = 0;     // lanes that wait for others of the warp
  bool others_first =
      false;  // once: those that come last, for they may hold what the first spin for
  std::uint32_t pc[kLanes] = {};
  std::uint32_t depth[kLanes] = {};
  std::uint8_t barrier[kLanes] = {};
  std::uint32_t levels = 0;  // of calls that the memory below has room for
  std::unique_ptr<std::byte, void (*)(void*)> frames{nullptr, nullptr};
  std::vector<std::byte> local;
  std::vector<std::array<std::uint32_t, kLanes>> returns;  // by depth: from which call
};

enum class Outcome { kEnded, kWaits, kYields, kFaults };

// Until all lanes have ended or wait for the block, or others should have a turn.
Outcome run_warp(Context& c);

// The lanes of the mask go on at `next` when they run again.
inline const Instr* park(Context& c, std::uint32_t lanes, const Instr* next) {
  const auto pc = static_cast<std::uint32_t>(next - c.program->code.data());
  for (unsigned l = 0; l < kLanes; ++l) {
    if (((lanes >> l) & 1) == 0) continue;
    c.warp->pc[l] = pc;
    c.warp->depth[l] = c.depth;
  }
  return nullptr;
}

// Room for one more level of calls; false, after it has told the fault, when there is none.
bool add_level(Context& c, const Instr& i);
// What the registers of a function hold before it runs, for the lanes given.
void fill_constants(Context& c, const FunctionCode& function, std::uint32_t lanes);
void fill_specials(Context& c, const FunctionCode& function, std::uint32_t lanes);

}  // namespace gpu_host
