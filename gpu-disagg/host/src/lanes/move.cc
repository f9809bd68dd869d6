// Values from register to register, choices among them, and the logic of predicates.
#include "lanes/lanes.h"

namespace gpu_host::GPU_HOST_ISA {
namespace {

using U32 = std::uint32_t;
using U64 = std::uint64_t;

template <typename T>
const Instr* move(Context& c, const Instr& i) {
  return each<T, T>(c, i, [](T x) { return x; });
}

template <typename T>
const Instr* choose(Context& c, const Instr& i) {
  const U32 chosen = i.negated ? ~predicate(c, i.c) : predicate(c, i.c);
  Slot<T>* d = slots<T>(c, i.d[0]);
  const Slot<T>* a = slots<T>(c, i.a);
  const Slot<T>* b = slots<T>(c, i.b);
  const U32 mask = c.mask;
  LANES_APART
  for (unsigned l = 0; l < kLanes; ++l) {
    const Slot<T> value = ((chosen >> l) & 1) != 0 ? a[l] : b[l];
    d[l] = ((mask >> l) & 1) != 0 ? value : d[l];
  }
  return &i + 1;
}

template <typename T, typename C>
const Instr* choose_by_sign(Context& c, const Instr& i) {
  return each<T, T, T, C>(c, i, [](T x, T y, C z) { return z >= 0 ? x : y; });
}

template <typename D, typename S>
const Instr* change_width(Context& c, const Instr& i) {
  return each<D, S>(c, i, [](S x) { return static_cast<D>(x); });
}

// d = {a, b, c, d[1]}: `count` parts, the first in the lowest bits.
template <typename T, typename Part>
const Instr* pack(Context& c, const Instr& i) {
  const U32 parts[4] = {i.a, i.b, i.c, i.d[1]};
  for (unsigned l = 0; l < kLanes; ++l) {
    if (!has_lane(c.mask, l)) continue;
    U64 value = 0;
    for (unsigned p = 0; p < sizeof(T) / sizeof(Part); ++p) {
      const auto part = static_cast<Part>(slots<Part>(c, parts[p])[l]);
      value |= static_cast<U64>(part) << (8 * sizeof(Part) * p);
    }
    slots<T>(c, i.d[0])[l] = static_cast<T>(value);
  }
  return &i + 1;
}

template <typename T, typename Part>
const Instr* unpack(Context& c, const Instr& i) {
  for (unsigned l = 0; l < kLanes; ++l) {
    if (!has_lane(c.mask, l)) continue;
    const auto value = static_cast<U64>(slots<T>(c, i.a)[l]);
    for (unsigned p = 0; p < sizeof(T) / sizeof(Part); ++p) {
      if (i.d[p] == kNoRegister) continue;
      slots<Part>(c, i.d[p])[l] = static_cast<Part>(value >> (8 * sizeof(Part) * p));
    }
  }
  return &i + 1;
}

template <Op kOp>
const Instr* logic(Context& c, const Instr& i) {
  const U32 a = predicate(c, i.a);
  const U32 b = kOp == Op::kPredMov || kOp == Op::kPredNot ? 0 : predicate(c, i.b);
  U32 value = a;
  if (kOp == Op::kPredNot) value = ~a;
  if (kOp == Op::kPredAnd) value = a & b;
  if (kOp == Op::kPredOr) value = a | b;
  if (kOp == Op::kPredXor) value = a ^ b;
  U32& d = predicate(c, i.d[0]);
  d = (d & ~c.mask) | (value & c.mask);
  return &i + 1;
}

Handler predicates(Op op) {
  switch (op) {
    case Op::kPredMov:
      return logic<Op::kPredMov>;
    case Op::kPredNot:
      return logic<Op::kPredNot>;
    case Op::kPredAnd:
      return logic<Op::kPredAnd>;
    case Op::kPredOr:
      return logic<Op::kPredOr>;
    case Op::kPredXor:
      return logic<Op::kPredXor>;
    default:
      return nullptr;
  }
}

Handler widen(Type from) {
  switch (from) {
    case Type::kU8:
      return change_width<U64, std::uint8_t>;
    case Type::kU16:
      return change_width<U64, std::uint16_t>;
    case Type::kU32:
      return change_width<U64, U32>;
    case Type::kS8:
      return change_width<U64, std::int8_t>;
    case Type::kS16:
      return change_width<U64, std::int16_t>;
    case Type::kS32:
      return change_width<U64, std::int32_t>;
    default:
      return nullptr;
  }
}

// By the width of the lanes, which is all that moving looks at.
template <typename T>
Handler by_width(const OpKey& key) {
  switch (key.op) {
    case Op::kMov:
      return move<T>;
    case Op::kSelp:
      return choose<T>;
    case Op::kSlct:
      if (key.other == Type::kF32) return choose_by_sign<T, float>;
      return key.other == Type::kS32 ? choose_by_sign<T, std::int32_t> : nullptr;
    default:
      return nullptr;
  }
}

// `variant` is the number of parts.
Handler parts(const OpKey& key) {
  const bool packs = key.op == Op::kPack;
  if (!packs && key.op != Op::kUnpack) return nullptr;
  if (key.type == Type::kB32 && key.variant == 2) {
    return packs ? pack<U32, std::uint16_t> : unpack<U32, std::uint16_t>;
  }
  if (key.type == Type::kB32 && key.variant == 4) {
    return packs ? pack<U32, std::uint8_t> : unpack<U32, std::uint8_t>;
  }
  if (key.type == Type::kB64 && key.variant == 2) {
    return packs ? pack<U64, U32> : unpack<U64, U32>;
  }
  if (key.type == Type::kB64 && key.variant == 4) {
    return packs ? pack<U64, std::uint16_t> : unpack<U64, std::uint16_t>;
  }
  return nullptr;
}

}  // namespace

Handler select_move(const OpKey& key) {
  if (key.type == Type::kPred) return predicates(key.op);
  if (key.op == Op::kWiden) return widen(key.type);
  if (key.op == Op::kNarrow) return change_width<U32, U64>;
  if (key.op == Op::kPack || key.op == Op::kUnpack) return parts(key);
  switch (key.type) {
    case Type::kB16:
    case Type::kB32:
    case Type::kB8:
      return by_width<U32>(key);
    case Type::kB64:
      return by_width<U64>(key);
    default:
      return nullptr;
  }
}

}  // namespace gpu_host::GPU_HOST_ISA
