// Arithmetic of whole numbers. Sums and products wrap; a division by zero gives all ones.
#include "lanes/lanes.h"

namespace gpu_host::GPU_HOST_ISA {
namespace {

// Where arithmetic on T cannot overflow in a way that C++ leaves open.
template <typename T>
using Wrapping = std::conditional_t<(sizeof(T) < 4), std::uint32_t, std::make_unsigned_t<T>>;

template <typename T>
using Wide =
    std::conditional_t<sizeof(T) == 2,
                       std::conditional_t<std::is_signed_v<T>, std::int32_t, std::uint32_t>,
                       std::conditional_t<std::is_signed_v<T>, std::int64_t, std::uint64_t>>;

template <typename T>
T add(T x, T y) {
  return static_cast<T>(static_cast<Wrapping<T>>(x) + static_cast<Wrapping<T>>(y));
}
template <typename T>
T sub(T x, T y) {
  return static_cast<T>(static_cast<Wrapping<T>>(x) - static_cast<Wrapping<T>>(y));
}
template <typename T>
T mul(T x, T y) {
  return static_cast<T>(static_cast<Wrapping<T>>(x) * static_cast<Wrapping<T>>(y));
}
template <typename T>
T high(T x, T y) {
  if constexpr (sizeof(T) == 8) {
    __extension__ using Signed = __int128;
    __extension__ using Unsigned = unsigned __int128;
    using Twice = std::conditional_t<std::is_signed_v<T>, Signed, Unsigned>;
    return static_cast<T>((static_cast<Twice>(x) * static_cast<Twice>(y)) >> 64);
  } else {
    using Twice = std::conditional_t<std::is_signed_v<T>, std::int64_t, std::uint64_t>;
    return static_cast<T>((static_cast<Twice>(x) * static_cast<Twice>(y)) >> (8 * sizeof(T)));
  }
}
template <typename T>
Wide<T> wide(T x, T y) {
  // Neither product can overflow: both factors have half the bits.
  return static_cast<Wide<T>>(static_cast<Wide<T>>(x) * static_cast<Wide<T>>(y));
}
template <typename T>
T divide(T x, T y) {
  if (y == 0) return static_cast<T>(~T{0});
  if (std::is_signed_v<T> && y == static_cast<T>(-1)) return sub<T>(0, x);
  return static_cast<T>(x / y);
}
template <typename T>
T remainder(T x, T y) {
  if (y == 0) return x;
  if (std::is_signed_v<T> && y == static_cast<T>(-1)) return 0;
  return static_cast<T>(x % y);
}
template <typename T>
T low24(T x) {
  return std::is_signed_v<T>
             ? static_cast<T>(static_cast<std::int32_t>(static_cast<std::uint32_t>(x) << 8) >> 8)
             : static_cast<T>(x & 0xFFFFFF);
}

template <typename T>
Handler pick(Op op) {
  switch (op) {
    case Op::kAdd:
      return [](Context& c, const Instr& i) { return each<T, T, T>(c, i, add<T>); };
    case Op::kSub:
      return [](Context& c, const Instr& i) { return each<T, T, T>(c, i, sub<T>); };
    case Op::kMulLo:
      return [](Context& c, const Instr& i) { return each<T, T, T>(c, i, mul<T>); };
    case Op::kMulHi:
      return [](Context& c, const Instr& i) { return each<T, T, T>(c, i, high<T>); };
    case Op::kMadLo:
      return [](Context& c, const Instr& i) {
        return each<T, T, T, T>(c, i, [](T x, T y, T z) { return add<T>(mul<T>(x, y), z); });
      };
    case Op::kMadHi:
      return [](Context& c, const Instr& i) {
        return each<T, T, T, T>(c, i, [](T x, T y, T z) { return add<T>(high<T>(x, y), z); });
      };
    case Op::kDiv:
      return [](Context& c, const Instr& i) { return each<T, T, T>(c, i, divide<T>); };
    case Op::kRem:
      return [](Context& c, const Instr& i) { return each<T, T, T>(c, i, remainder<T>); };
    case Op::kMin:
      return [](Context& c, const Instr& i) {
        return each<T, T, T>(c, i, [](T x, T y) { return x < y ? x : y; });
      };
    case Op::kMax:
      return [](Context& c, const Instr& i) {
        return each<T, T, T>(c, i, [](T x, T y) { return x > y ? x : y; });
      };
    case Op::kSad:
      return [](Context& c, const Instr& i) {
        return each<T, T, T, T>(
            c, i, [](T x, T y, T z) { return add<T>(z, x < y ? sub<T>(y, x) : sub<T>(x, y)); });
      };
    default:
      return nullptr;
  }
}

template <typename T>
Handler pick_signed(Op op) {
  switch (op) {
    case Op::kNeg:
      return [](Context& c, const Instr& i) {
        return each<T, T>(c, i, [](T x) { return sub<T>(0, x); });
      };
    case Op::kAbs:
      return [](Context& c, const Instr& i) {
        return each<T, T>(c, i, [](T x) { return x < 0 ? sub<T>(0, x) : x; });
      };
    default:
      return pick<T>(op);
  }
}

template <typename T>
Handler pick_wide(Op op) {
  using W = Wide<T>;
  if (op == Op::kMulWide) {
    return [](Context& c, const Instr& i) { return each<W, T, T>(c, i, wide<T>); };
  }
  if (op == Op::kMadWide) {
    return [](Context& c, const Instr& i) {
      return each<W, T, T, W>(c, i, [](T x, T y, W z) { return add<W>(wide<T>(x, y), z); });
    };
  }
  return nullptr;
}

template <typename T>
Handler pick_24(Op op) {
  if (op == Op::kMul24) {
    return [](Context& c, const Instr& i) {
      return each<T, T, T>(c, i, [](T x, T y) { return mul<T>(low24<T>(x), low24<T>(y)); });
    };
  }
  if (op == Op::kMad24) {
    return [](Context& c, const Instr& i) {
      return each<T, T, T, T>(
          c, i, [](T x, T y, T z) { return add<T>(mul<T>(low24<T>(x), low24<T>(y)), z); });
    };
  }
  return nullptr;
}

// Sums of four products of bytes.
template <typename T>
T dot4(T x, T y, T z) {
  using Byte = std::conditional_t<std::is_signed_v<T>, std::int8_t, std::uint8_t>;
  T sum = z;
  for (unsigned at = 0; at < 32; at += 8) {
    const auto p = static_cast<Byte>(static_cast<std::uint32_t>(x) >> at);
    const auto q = static_cast<Byte>(static_cast<std::uint32_t>(y) >> at);
    sum = add<T>(sum, static_cast<T>(static_cast<T>(p) * static_cast<T>(q)));
  }
  return sum;
}

// x + y (or x - y) with the carry (or borrow) of the register at `c`.
template <typename T, bool kMinus>
const Instr* with_carry(Context& c, const Instr& i) {
  std::uint32_t carries = 0;
  const std::uint32_t before = (i.imm & 1) != 0 ? predicate(c, i.c) : 0;
  for (unsigned l = 0; l < kLanes; ++l) {
    if (!has_lane(c.mask, l)) continue;
    const T x = slots<T>(c, i.a)[l], y = slots<T>(c, i.b)[l], in = has_lane(before, l) ? 1 : 0;
    T sum = 0, out = 0;
    const bool first =
        kMinus ? __builtin_sub_overflow(x, y, &sum) : __builtin_add_overflow(x, y, &sum);
    const bool second =
        kMinus ? __builtin_sub_overflow(sum, in, &out) : __builtin_add_overflow(sum, in, &out);
    slots<T>(c, i.d[0])[l] = out;
    if (first || second) carries |= 1U << l;
  }
  if ((i.imm & 2) != 0) {
    std::uint32_t& carry = predicate(c, i.c);
    carry = (carry & ~c.mask) | carries;
  }
  return &i + 1;
}

template <typename T>
Handler pick_carry(Op op) {
  if (op == Op::kAddCarry) return with_carry<T, false>;
  if (op == Op::kSubCarry) return with_carry<T, true>;
  return nullptr;
}

template <typename T, typename... More>
Handler first_of(Op op, Handler (*one)(Op), More... more) {
  const Handler handler = one(op);
  if constexpr (sizeof...(more) > 0) {
    return handler != nullptr ? handler : first_of<T>(op, more...);
  }
  return handler;
}

}  // namespace

Handler select_integer(const OpKey& key) {
  switch (key.type) {
    case Type::kU16:
      return first_of<void>(key.op, pick<std::uint16_t>, pick_wide<std::uint16_t>);
    case Type::kS16:
      return first_of<void>(key.op, pick_signed<std::int16_t>, pick_wide<std::int16_t>);
    case Type::kU32:
      if (key.op == Op::kDp4a) {
        return [](Context& c, const Instr& i) {
          return each<std::uint32_t, std::uint32_t, std::uint32_t, std::uint32_t>(
              c, i, dot4<std::uint32_t>);
        };
      }
      return first_of<void>(key.op, pick<std::uint32_t>, pick_wide<std::uint32_t>,
                            pick_24<std::uint32_t>, pick_carry<std::uint32_t>);
    case Type::kS32:
      if (key.op == Op::kDp4a) {
        return [](Context& c, const Instr& i) {
          return each<std::int32_t, std::int32_t, std::int32_t, std::int32_t>(c, i,
                                                                              dot4<std::int32_t>);
        };
      }
      return first_of<void>(key.op, pick_signed<std::int32_t>, pick_wide<std::int32_t>,
                            pick_24<std::int32_t>);
    case Type::kU64:
      return first_of<void>(key.op, pick<std::uint64_t>, pick_carry<std::uint64_t>);
    case Type::kS64:
      return pick_signed<std::int64_t>(key.op);
    default:
      return nullptr;
  }
}

}  // namespace gpu_host::GPU_HOST_ISA
