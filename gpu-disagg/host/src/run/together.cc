// What the lanes of a warp, or the warps of a block, do together.
#include <bit>

#include "run/block.h"
#include "run/handlers.h"

namespace gpu_host {
namespace {

bool has(std::uint32_t mask, unsigned lane) { return ((mask >> lane) & 1) != 0; }
unsigned first_of(std::uint32_t mask) { return static_cast<unsigned>(std::countr_zero(mask)); }

// Whether those that the instruction names are all here; the lanes wait otherwise.
bool gather(Context& c, const Instr& i) {
  if (i.d[3] == kNoRegister || c.converged || c.alone) return true;
  const std::uint32_t members = lanes_of<std::uint32_t>(c, i.d[3])[first_of(c.mask)];
  const std::uint32_t wanted = members & c.warp->live;
  if ((c.mask & wanted) == wanted) return true;
  c.warp->at_sync |= c.mask;
  park(c, c.mask, &i);
  return false;
}

// Those that take part: who is here, and is named.
std::uint32_t members_of(Context& c, const Instr& i, unsigned lane) {
  return i.d[3] == kNoRegister ? c.mask : c.mask & lanes_of<std::uint32_t>(c, i.d[3])[lane];
}

void set_predicate(Context& c, std::uint32_t offset, std::uint32_t value) {
  if (offset == kNoRegister) return;
  std::uint32_t& p = predicate(c, offset);
  p = (p & ~c.mask) | (value & c.mask);
}

// The lane that `lane` reads from, and whether it is in range.
struct Source {
  unsigned lane;
  bool in_range;
};

Source source_of(Shuffle mode, unsigned lane, std::uint32_t b, std::uint32_t c) {
  const int segment = static_cast<int>((c >> 8) & 31), clamp = static_cast<int>(c & 31);
  const int by = static_cast<int>(b & 31), here = static_cast<int>(lane);
  const int least = here & segment;
  const int most = least | (clamp & ~segment);
  int from = here;
  bool in_range = true;
  switch (mode) {
    case Shuffle::kUp:
      from = here - by;
      in_range = from >= most;
      break;
    case Shuffle::kDown:
      from = here + by;
      in_range = from <= most;
      break;
    case Shuffle::kButterfly:
      from = here ^ by;
      in_range = from <= most;
      break;
    case Shuffle::kIndex:
      from = least | (by & ~segment);
      in_range = from <= most;
      break;
  }
  return {static_cast<unsigned>(in_range ? from : here) & 31U, in_range};
}

}  // namespace

const Instr* run_warp_sync(Context& c, const Instr& i) { return gather(c, i) ? &i + 1 : nullptr; }

const Instr* run_shuffle(Context& c, const Instr& i) {
  if (!gather(c, i)) return nullptr;
  const auto* a = lanes_of<std::uint32_t>(c, i.a);
  const auto* b = lanes_of<std::uint32_t>(c, i.b);
  const auto* range = lanes_of<std::uint32_t>(c, i.c);
  std::uint32_t values[kLanes];
  std::uint32_t in_range = 0;
  for (unsigned l = 0; l < kLanes; ++l) {
    const Source source = source_of(static_cast<Shuffle>(i.imm), l, b[l], range[l]);
    values[l] = a[source.lane];
    in_range |= (source.in_range ? 1U : 0U) << l;
  }
  auto* d = lanes_of<std::uint32_t>(c, i.d[0]);
  for (unsigned l = 0; l < kLanes; ++l) {
    if (has(c.mask, l)) d[l] = values[l];
  }
  set_predicate(c, i.d[1], in_range);
  return &i + 1;
}

const Instr* run_vote(Context& c, const Instr& i) {
  if (!gather(c, i)) return nullptr;
  const std::uint32_t members = members_of(c, i, first_of(c.mask));
  const std::uint32_t yes = predicate(c, i.a) & members;
  const auto kind = static_cast<Vote>(i.imm);
  if (kind == Vote::kBallot) {
    auto* d = lanes_of<std::uint32_t>(c, i.d[0]);
    for (unsigned l = 0; l < kLanes; ++l) {
      if (has(c.mask, l)) d[l] = yes;
    }
    return &i + 1;
  }
  bool answer = yes != 0;
  if (kind == Vote::kAll) answer = yes == members;
  if (kind == Vote::kUniform) answer = yes == members || yes == 0;
  set_predicate(c, i.d[0], answer ? kAllLanes : 0);
  return &i + 1;
}

const Instr* run_activemask(Context& c, const Instr& i) {
  auto* d = lanes_of<std::uint32_t>(c, i.d[0]);
  for (unsigned l = 0; l < kLanes; ++l) {
    if (has(c.mask, l)) d[l] = c.mask;
  }
  return &i + 1;
}

const Instr* run_match(Context& c, const Instr& i) {
  if (!gather(c, i)) return nullptr;
  std::uint64_t values[kLanes];
  for (unsigned l = 0; l < kLanes; ++l) {
    values[l] =
        i.count == 8 ? lanes_of<std::uint64_t>(c, i.a)[l] : lanes_of<std::uint32_t>(c, i.a)[l];
  }
  const bool all = i.imm != 0;
  std::uint32_t results[kLanes] = {};
  std::uint32_t same = 0;
  for (unsigned l = 0; l < kLanes; ++l) {
    if (!has(c.mask, l)) continue;
    const std::uint32_t members = members_of(c, i, l);
    for (unsigned other = 0; other < kLanes; ++other) {
      if (has(members, other) && values[other] == values[l]) results[l] |= 1U << other;
    }
    if (results[l] == members) same |= 1U << l;
    if (all && results[l] != members) results[l] = 0;
  }
  auto* d = lanes_of<std::uint32_t>(c, i.d[0]);
  for (unsigned l = 0; l < kLanes; ++l) {
    if (has(c.mask, l)) d[l] = results[l];
  }
  set_predicate(c, i.d[1], same);
  return &i + 1;
}

namespace {

std::uint32_t reduce(Reduce kind, std::uint32_t x, std::uint32_t y) {
  const auto less = static_cast<std::int32_t>(x) < static_cast<std::int32_t>(y);
  switch (kind) {
    case Reduce::kAdd:
      return x + y;
    case Reduce::kMinU:
      return x < y ? x : y;
    case Reduce::kMaxU:
      return x > y ? x : y;
    case Reduce::kMinS:
      return less ? x : y;
    case Reduce::kMaxS:
      return less ? y : x;
    case Reduce::kAnd:
      return x & y;
    case Reduce::kOr:
      return x | y;
    case Reduce::kXor:
      return x ^ y;
  }
  return 0;
}

}  // namespace

const Instr* run_redux(Context& c, const Instr& i) {
  if (!gather(c, i)) return nullptr;
  const std::uint32_t members = members_of(c, i, first_of(c.mask));
  const auto* a = lanes_of<std::uint32_t>(c, i.a);
  if (members == 0) return &i + 1;
  std::uint32_t all = a[first_of(members)];
  for (unsigned l = first_of(members) + 1; l < kLanes; ++l) {
    if (has(members, l)) all = reduce(static_cast<Reduce>(i.imm), all, a[l]);
  }
  auto* d = lanes_of<std::uint32_t>(c, i.d[0]);
  for (unsigned l = 0; l < kLanes; ++l) {
    if (has(c.mask, l)) d[l] = all;
  }
  return &i + 1;
}

const Instr* run_barrier(Context& c, const Instr& i) {
  const unsigned first = first_of(c.mask);
  const std::uint32_t id = lanes_of<std::uint32_t>(c, i.a)[first];
  if (id >= kBarriers) {
    return fault(c, i, gpu_device::CuResult::kIllegalInstruction, "there are 16 barriers");
  }
  Barrier& barrier = c.block->barriers.at(id);
  barrier.arrived += static_cast<std::uint32_t>(std::popcount(c.mask));
  barrier.wanted = i.count == 2 ? lanes_of<std::uint32_t>(c, i.b)[first] : 0;
  const auto kind = static_cast<BarrierKind>(i.imm);
  if (kind == BarrierKind::kArrive) return &i + 1;
  if (kind >= BarrierKind::kPopc) {
    barrier.votes += static_cast<std::uint32_t>(std::popcount(c.mask & predicate(c, i.c)));
  }
  c.warp->at_barrier |= c.mask;
  for (unsigned l = 0; l < kLanes; ++l) {
    if (has(c.mask, l)) c.warp->barrier[l] = static_cast<std::uint8_t>(id);
  }
  return park(c, c.mask, &i);
}

}  // namespace gpu_host
