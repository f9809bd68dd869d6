// What the functions that run instructions see of a warp, its block and the device's memory.
//
// Threads: a context belongs to one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "run/program.h"

namespace gpu_host {

struct Block;
struct Warp;

// Where the spaces that are no device memory lie in generic addresses.
inline constexpr std::uint64_t kSharedBase = 0x0000'7E00'0000'0000;
inline constexpr std::uint64_t kLocalBase = 0x0000'7D00'0000'0000;
inline constexpr std::uint64_t kParamBase = 0x0000'7C00'0000'0000;
inline constexpr std::uint64_t kWindowBytes = 0x0000'0100'0000'0000;

// Addresses [start, end) lie at `host`.
struct Window {
  std::uint64_t start = 0, end = 0;
  std::byte* host = nullptr;
  bool writable = true;
};

struct Context {
  std::uint32_t mask = 0;  // lanes that run
  std::byte* frame = nullptr;
  Window last;    // device memory that was used before: usually used again
  Window shared;  // at 0
  Window param;   // at 0
  std::byte* local = nullptr;
  std::uint64_t local_stride = 0;  // from lane to lane
  std::uint64_t local_bytes = 0;   // of one lane
  std::uint32_t depth = 0;         // of calls
  const Instr* limit = nullptr;    // the next place where other lanes wait
  std::int32_t budget = 0;         // backward branches until the warp must let others run
  bool converged = false;          // all lanes that live run together
  bool alone = false;              // nobody else of the warp can come: do not wait for them
  Warp* warp = nullptr;
  Block* block = nullptr;
  const Program* program = nullptr;
};

template <typename T>
T* lanes_of(Context& c, std::uint32_t offset) {
  return reinterpret_cast<T*>(c.frame + offset);
}

inline std::uint32_t& predicate(Context& c, std::uint32_t offset) {
  return *reinterpret_cast<std::uint32_t*>(c.frame + offset);
}

// Points `window` at the mapped memory that holds [address, address + bytes); false where none
// does.
bool find_window(Context& c, const Instr& i, std::uint64_t address, std::uint64_t bytes,
                 bool writing, Window& window);
// The place of one lane's access in any space; null, after it has told the fault, when it is
// illegal.
std::byte* find_place(Context& c, const Instr& i, Space space, unsigned lane, std::uint64_t address,
                      std::uint64_t bytes, bool writing);
const Instr* misaligned(Context& c, const Instr& i, std::uint64_t address);

}  // namespace gpu_host
