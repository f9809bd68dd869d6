#include <atomic>
#include <bit>
#include <chrono>
#include <cstring>

#include "run/block.h"
#include "run/handlers.h"

namespace gpu_host {
namespace {

using gpu_device::CuResult;

// All lanes of the mask go to `target`.
const Instr* go(Context& c, const Instr& i, std::uint32_t target) {
  const Instr* to = c.program->code.data() + target;
  if (to <= &i) {
    // Others may wait there, and endless loops must let others run.
    if (--c.budget <= 0 || !c.converged) return park(c, c.mask, to);
    return to;
  }
  return to > c.limit ? park(c, c.mask, to) : to;
}

}  // namespace

const Instr* run_guarded(Context& c, const Instr& i) {
  const std::uint32_t all = c.mask;
  const std::uint32_t guard = predicate(c, i.guard);
  const std::uint32_t able = all & (i.guard_negated ? ~guard : guard);
  if (able == 0) return &i + 1;
  c.mask = able;
  const Instr* next = i.inner(c, i);
  c.mask = all;
  return next;
}

const Instr* run_jump(Context& c, const Instr& i) { return go(c, i, i.target); }

const Instr* run_branch(Context& c, const Instr& i) {
  const std::uint32_t guard = predicate(c, i.guard);
  const std::uint32_t taken = c.mask & (i.negated ? ~guard : guard);
  if (taken == 0) return &i + 1;
  if (taken == c.mask) return go(c, i, i.target);
  const Instr* to = c.program->code.data() + i.target;
  park(c, taken, to);
  if (to <= &i) return park(c, c.mask & ~taken, &i + 1);
  // The others are first: they go on at once, as far as where the ways may meet.
  c.mask &= ~taken;
  c.converged = false;
  if (to < c.limit) c.limit = to;
  return &i + 1;
}

const Instr* run_exit(Context& c, const Instr& /*i*/) {
  c.warp->live &= ~c.mask;
  c.mask = 0;
  return nullptr;
}

const Instr* run_trap(Context& c, const Instr& i) {
  return fault(c, i, CuResult::kLaunchFailed, "trap");
}

namespace {

// Bytes of one lane, between the frames of two depths.
void copy_passed(Context& c, const Passed& passed, unsigned lane, std::uint32_t from_depth,
                 std::uint32_t to_depth) {
  const auto place = [&](std::uint32_t offset, bool in_register, std::uint32_t depth) {
    if (!in_register) {
      return c.local + lane * c.local_stride + std::uint64_t{depth} * c.program->local_bytes +
             offset;
    }
    std::byte* frame = c.warp->frames.get() + std::uint64_t{depth} * c.program->frame_bytes;
    return frame + offset + lane * (passed.bytes == 8 ? 8 : 4);
  };
  std::memcpy(place(passed.to, passed.to_register, to_depth),
              place(passed.from, passed.from_register, from_depth), passed.bytes);
}

}  // namespace

const Instr* run_call(Context& c, const Instr& i) {
  if (!add_level(c, i)) return nullptr;
  const CallSite& site = c.program->calls[i.target];
  const FunctionCode& function = c.program->functions[site.function];
  const auto here = static_cast<std::uint32_t>(&i - c.program->code.data());
  for (unsigned l = 0; l < kLanes; ++l) {
    if (((c.mask >> l) & 1) == 0) continue;
    c.warp->returns[c.depth][l] = here;
    for (const Passed& one : site.arguments) copy_passed(c, one, l, c.depth, c.depth + 1);
  }
  ++c.depth;
  c.frame = c.warp->frames.get() + std::uint64_t{c.depth} * c.program->frame_bytes;
  fill_constants(c, function, c.mask);
  fill_specials(c, function, c.mask);
  const Instr* entry = c.program->code.data() + function.entry;
  if (--c.budget <= 0 || !c.converged) return park(c, c.mask, entry);
  return entry;
}

const Instr* run_return(Context& c, const Instr& /*i*/) {
  const std::uint32_t depth = c.depth--;
  const auto& returns = c.warp->returns[c.depth];
  const std::uint32_t first = returns[static_cast<unsigned>(std::countr_zero(c.mask))];
  bool together = c.converged;
  for (unsigned l = 0; l < kLanes; ++l) {
    if (((c.mask >> l) & 1) == 0) continue;
    const Instr& call = c.program->code[returns[l]];
    for (const Passed& one : c.program->calls[call.target].results) {
      copy_passed(c, one, l, depth, c.depth);
    }
    together = together && returns[l] == first;
    park(c, 1U << l, &call + 1);
  }
  if (!together) return nullptr;
  c.frame = c.warp->frames.get() + std::uint64_t{c.depth} * c.program->frame_bytes;
  return &c.program->code[first] + 1;
}

const Instr* run_local_address(Context& c, const Instr& i) {
  const std::uint64_t address =
      std::uint64_t{c.depth} * c.program->local_bytes + i.imm + (i.to_integer ? kLocalBase : 0);
  auto* d = lanes_of<std::uint64_t>(c, i.d[0]);
  for (unsigned l = 0; l < kLanes; ++l) {
    if (((c.mask >> l) & 1) != 0) d[l] = address;
  }
  return &i + 1;
}

const Instr* run_clock(Context& c, const Instr& i) {
  const auto now = i.imm == 2 ? std::chrono::system_clock::now().time_since_epoch()
                              : std::chrono::steady_clock::now().time_since_epoch();
  const auto time =
      static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(now).count());
  for (unsigned l = 0; l < kLanes; ++l) {
    if (((c.mask >> l) & 1) == 0) continue;
    if (i.imm == 0) {
      lanes_of<std::uint32_t>(c, i.d[0])[l] = static_cast<std::uint32_t>(time);
    } else {
      lanes_of<std::uint64_t>(c, i.d[0])[l] = time;
    }
  }
  return &i + 1;
}

const Instr* run_fence(Context& /*c*/, const Instr& i) {
  // As good as a fence, and ThreadSanitizer understands it.
  static std::atomic<int> order{0};
  order.fetch_add(0, std::memory_order_seq_cst);
  return &i + 1;
}

const Instr* run_nothing(Context& /*c*/, const Instr& i) { return &i + 1; }

// Whoever sleeps waits for others: give them the turn.
const Instr* run_nanosleep(Context& c, const Instr& i) {
  c.budget = 0;
  return park(c, c.mask, &i + 1);
}

const Instr* run_isspacep(Context& c, const Instr& i) {
  std::uint64_t start = 0;
  if (i.space == Space::kShared) start = kSharedBase;
  if (i.space == Space::kLocal) start = kLocalBase;
  if (i.space == Space::kParam) start = kParamBase;
  std::uint32_t found = 0;
  for (unsigned l = 0; l < kLanes; ++l) {
    const std::uint64_t address = lanes_of<std::uint64_t>(c, i.a)[l];
    const bool windowed = address >= kParamBase && address < kSharedBase + kWindowBytes;
    const bool inside = start == 0 ? !windowed : address >= start && address - start < kWindowBytes;
    if (inside) found |= 1U << l;
  }
  if (i.d[0] != kNoRegister) {
    std::uint32_t& d = predicate(c, i.d[0]);
    d = (d & ~c.mask) | (found & c.mask);
  }
  return &i + 1;
}

}  // namespace gpu_host
