// The instructions that are not arithmetic: control, waiting for others, atomics.
#pragma once

#include "run/context.h"

namespace gpu_host {

const Instr* run_guarded(Context& c, const Instr& i);
// target; guard where there is one.
const Instr* run_branch(Context& c, const Instr& i);
const Instr* run_jump(Context& c, const Instr& i);
const Instr* run_exit(Context& c, const Instr& i);
const Instr* run_trap(Context& c, const Instr& i);
// target: index of Program::calls.
const Instr* run_call(Context& c, const Instr& i);
const Instr* run_builtin(Context& c, const Instr& i);
const Instr* run_return(Context& c, const Instr& i);

// d = address in .local of the frame's byte `imm`; `to_integer` makes it a generic one.
const Instr* run_local_address(Context& c, const Instr& i);
// d = the time; imm: 0 the clock's low half, 1 the clock, 2 nanoseconds.
const Instr* run_clock(Context& c, const Instr& i);
const Instr* run_fence(Context& c, const Instr& i);
const Instr* run_nothing(Context& c, const Instr& i);
const Instr* run_nanosleep(Context& c, const Instr& i);
// d (predicate) = whether the generic address a lies in i.space.
const Instr* run_isspacep(Context& c, const Instr& i);

// a: which barrier; b: threads, where count is 2. imm: BarrierKind. Of reductions: d, c
// (predicate).
enum class BarrierKind : std::uint8_t { kSync, kArrive, kPopc, kAnd, kOr };
const Instr* run_barrier(Context& c, const Instr& i);
// d[3] of those below: the member mask, or none.
const Instr* run_warp_sync(Context& c, const Instr& i);
enum class Shuffle : std::uint8_t { kUp, kDown, kButterfly, kIndex };
const Instr* run_shuffle(Context& c, const Instr& i);  // imm: Shuffle; d, d[1] (predicate), a, b, c
enum class Vote : std::uint8_t { kAll, kAny, kUniform, kBallot };
const Instr* run_vote(Context& c, const Instr& i);  // imm: Vote; d, a (predicate)
const Instr* run_activemask(Context& c, const Instr& i);
// count: bytes of a; imm: 1 for match.all, which writes the predicate d[1] too.
const Instr* run_match(Context& c, const Instr& i);
enum class Reduce : std::uint8_t { kAdd, kMinU, kMaxU, kMinS, kMaxS, kAnd, kOr, kXor };
const Instr* run_redux(Context& c, const Instr& i);  // imm: Reduce

enum class Atomic : std::uint8_t {
  kAnd,
  kOr,
  kXor,
  kExchange,
  kAdd,
  kIncrement,
  kDecrement,
  kMin,
  kMax,
  kSwapIfEqual
};
// d, or none; address a (64 bits) and imm; b, c. Null where it is not built for the type.
Handler select_atomic(Atomic atomic, Type type);

}  // namespace gpu_host
