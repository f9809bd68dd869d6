// Logic, shifts, and the operations on single bits and fields of them.
#include "lanes/lanes.h"

namespace gpu_host::GPU_HOST_ISA {
namespace {

using U16 = std::uint16_t;
using U32 = std::uint32_t;
using U64 = std::uint64_t;

template <typename T>
constexpr unsigned kBits = 8 * sizeof(T);

template <typename T>
Handler logic(Op op) {
  switch (op) {
    case Op::kAnd:
      return [](Context& c, const Instr& i) {
        return each<T, T, T>(c, i, [](T x, T y) { return static_cast<T>(x & y); });
      };
    case Op::kOr:
      return [](Context& c, const Instr& i) {
        return each<T, T, T>(c, i, [](T x, T y) { return static_cast<T>(x | y); });
      };
    case Op::kXor:
      return [](Context& c, const Instr& i) {
        return each<T, T, T>(c, i, [](T x, T y) { return static_cast<T>(x ^ y); });
      };
    case Op::kNot:
      return [](Context& c, const Instr& i) {
        return each<T, T>(c, i, [](T x) { return static_cast<T>(~x); });
      };
    case Op::kCnot:
      return [](Context& c, const Instr& i) {
        return each<T, T>(c, i, [](T x) { return static_cast<T>(x == 0 ? 1 : 0); });
      };
    case Op::kShl:
      return [](Context& c, const Instr& i) {
        return each<T, T, U32>(c, i, [](T x, U32 by) {
          return by < kBits<T> ? static_cast<T>(static_cast<U64>(x) << by) : T{0};
        });
      };
    default:
      return nullptr;
  }
}

template <typename T>
Handler shift_right() {
  return [](Context& c, const Instr& i) {
    return each<T, T, U32>(c, i, [](T x, U32 by) {
      if (by < kBits<T>) return static_cast<T>(x >> by);
      return static_cast<T>(std::is_signed_v<T> ? x >> (kBits<T> - 1) : 0);
    });
  };
}

U32 reverse(U32 x) {
  x = ((x >> 1) & 0x55555555U) | ((x & 0x55555555U) << 1);
  x = ((x >> 2) & 0x33333333U) | ((x & 0x33333333U) << 2);
  x = ((x >> 4) & 0x0F0F0F0FU) | ((x & 0x0F0F0F0FU) << 4);
  return __builtin_bswap32(x);
}

template <typename T>
T reversed(T x) {
  if constexpr (sizeof(T) == 8) {
    return (static_cast<U64>(reverse(static_cast<U32>(x))) << 32) |
           reverse(static_cast<U32>(x >> 32));
  } else {
    return reverse(x);
  }
}

template <typename T>
U32 ones(T x) {
  return static_cast<U32>(__builtin_popcountll(x));
}

template <typename T>
U32 leading_zeros(T x) {
  return x == 0 ? kBits<T> : static_cast<U32>(__builtin_clzll(x)) - (64 - kBits<T>);
}

// The highest bit that is not the sign.
template <typename T>
U32 find_bit(T x) {
  using Unsigned = std::make_unsigned_t<T>;
  const auto bits = static_cast<Unsigned>(x < T{0} ? ~x : x);
  return bits == 0 ? 0xFFFFFFFFU : kBits<T> - 1 - leading_zeros<Unsigned>(bits);
}

template <typename T>
T extract(T x, U32 position, U32 length) {
  position &= 0xFF;
  length &= 0xFF;
  if (length == 0) return 0;
  const bool negative =
      std::is_signed_v<T> &&
      ((x >> (position + length - 1 < kBits<T> ? position + length - 1 : kBits<T> - 1)) & 1) != 0;
  using Unsigned = std::make_unsigned_t<T>;
  Unsigned field =
      position < kBits<T> ? static_cast<Unsigned>(static_cast<Unsigned>(x) >> position) : 0;
  const Unsigned keep =
      length < kBits<T> ? static_cast<Unsigned>((Unsigned{1} << length) - 1) : ~Unsigned{0};
  field &= keep;
  // Bits beyond the value's end are its sign too.
  Unsigned known = position < kBits<T> ? static_cast<Unsigned>(~Unsigned{0} >> position) : 0;
  if (negative) field |= static_cast<Unsigned>(~(keep & known));
  return static_cast<T>(field);
}

template <typename T>
const Instr* insert(Context& c, const Instr& i) {
  for (unsigned l = 0; l < kLanes; ++l) {
    if (!has_lane(c.mask, l)) continue;
    const T from = slots<T>(c, i.a)[l], into = slots<T>(c, i.b)[l];
    const U32 position = slots<U32>(c, i.c)[l] & 0xFF;
    const U32 length = slots<U32>(c, i.d[1])[l] & 0xFF;
    T keep = length < kBits<T> ? (T{1} << length) - 1 : ~T{0};
    keep = position < kBits<T> ? keep << position : 0;
    const T moved = position < kBits<T> ? from << position : 0;
    slots<T>(c, i.d[0])[l] = (into & ~keep) | (moved & keep);
  }
  return &i + 1;
}

template <bool kWrap>
U32 bit_mask(U32 from, U32 count) {
  if (kWrap) {
    from &= 31;
    count &= 31;
  }
  if (from > 31 || count == 0) return 0;
  const U32 width = count >= 32 ? ~U32{0} : (U32{1} << count) - 1;
  return width << from;
}

// The low bits of a, then those of b, moved left or right as one number of 64 bits.
template <bool kLeft, bool kWrap>
U32 funnel(U32 low, U32 high, U32 by) {
  const U32 shift = kWrap ? by & 31 : (by < 32 ? by : 32);
  const U64 both = (static_cast<U64>(high) << 32) | low;
  return static_cast<U32>(kLeft ? (both << shift) >> 32 : both >> shift);
}

U32 permute(U32 a, U32 b, U32 choice) {
  const U64 both = (static_cast<U64>(b) << 32) | a;
  U32 out = 0;
  for (unsigned at = 0; at < 4; ++at) {
    const U32 select = (choice >> (4 * at)) & 0xF;
    U32 byte = static_cast<U32>(both >> (8 * (select & 7))) & 0xFF;
    if ((select & 8) != 0) byte = (byte & 0x80) != 0 ? 0xFF : 0;
    out |= byte << (8 * at);
  }
  return out;
}

const Instr* lookup3(Context& c, const Instr& i) {
  const auto table = static_cast<U32>(i.imm);
  return each<U32, U32, U32, U32>(c, i, [table](U32 x, U32 y, U32 z) {
    U32 out = 0;
    for (unsigned row = 0; row < 8; ++row) {
      const U32 chosen = 0U - ((table >> row) & 1);
      out |= chosen & ((row & 4) != 0 ? x : ~x) & ((row & 2) != 0 ? y : ~y) &
             ((row & 1) != 0 ? z : ~z);
    }
    return out;
  });
}

template <typename T>
Handler counts(Op op) {
  switch (op) {
    case Op::kPopc:
      return [](Context& c, const Instr& i) { return each<U32, T>(c, i, ones<T>); };
    case Op::kClz:
      return [](Context& c, const Instr& i) { return each<U32, T>(c, i, leading_zeros<T>); };
    case Op::kBrev:
      return [](Context& c, const Instr& i) { return each<T, T>(c, i, reversed<T>); };
    case Op::kBfi:
      return insert<T>;
    default:
      return nullptr;
  }
}

template <typename T>
Handler fields(Op op) {
  switch (op) {
    case Op::kBfe:
      return [](Context& c, const Instr& i) { return each<T, T, U32, U32>(c, i, extract<T>); };
    case Op::kBfind:
      return [](Context& c, const Instr& i) { return each<U32, T>(c, i, find_bit<T>); };
    case Op::kBfindShift:
      return [](Context& c, const Instr& i) {
        return each<U32, T>(c, i, [](T x) {
          const U32 found = find_bit<T>(x);
          return found == 0xFFFFFFFFU ? found : kBits<T> - 1 - found;
        });
      };
    case Op::kShr:
      return shift_right<T>();
    default:
      return nullptr;
  }
}

template <U32 (*kF)(U32, U32, U32)>
const Instr* three(Context& c, const Instr& i) {
  return each<U32, U32, U32, U32>(c, i, kF);
}
template <U32 (*kF)(U32, U32)>
const Instr* two(Context& c, const Instr& i) {
  return each<U32, U32, U32>(c, i, kF);
}

Handler words(Op op) {
  switch (op) {
    case Op::kShiftLeftWrap:
      return three<funnel<true, true>>;
    case Op::kShiftLeftClamp:
      return three<funnel<true, false>>;
    case Op::kShiftRightWrap:
      return three<funnel<false, true>>;
    case Op::kShiftRightClamp:
      return three<funnel<false, false>>;
    case Op::kBmskWrap:
      return two<bit_mask<true>>;
    case Op::kBmskClamp:
      return two<bit_mask<false>>;
    case Op::kPrmt:
      return three<permute>;
    case Op::kLop3:
      return lookup3;
    default:
      return nullptr;
  }
}

}  // namespace

Handler select_bits(const OpKey& key) {
  Handler handler = nullptr;
  switch (key.type) {
    case Type::kB16:
      return logic<U16>(key.op);
    case Type::kB32:
      handler = logic<U32>(key.op);
      if (handler == nullptr) handler = counts<U32>(key.op);
      return handler != nullptr ? handler : words(key.op);
    case Type::kB64:
      handler = logic<U64>(key.op);
      return handler != nullptr ? handler : counts<U64>(key.op);
    case Type::kU16:
      return key.op == Op::kShr ? shift_right<U16>() : nullptr;
    case Type::kS16:
      return key.op == Op::kShr ? shift_right<std::int16_t>() : nullptr;
    case Type::kU32:
      return fields<U32>(key.op);
    case Type::kS32:
      return fields<std::int32_t>(key.op);
    case Type::kU64:
      return fields<U64>(key.op);
    case Type::kS64:
      return fields<std::int64_t>(key.op);
    default:
      return nullptr;
  }
}

}  // namespace gpu_host::GPU_HOST_ISA
