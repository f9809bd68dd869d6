// cvt: numbers of one type as numbers of another.
#include <cfenv>

#include "lanes/lanes.h"

namespace gpu_host::GPU_HOST_ISA {
namespace {

// A 16-bit float, kept as its pattern.
struct Half {
  std::uint16_t bits;
};

float widen(Half half) {
  const std::uint32_t sign = static_cast<std::uint32_t>(half.bits & 0x8000) << 16;
  std::uint32_t exponent = (half.bits >> 10) & 0x1F;
  std::uint32_t fraction = half.bits & 0x3FF;
  std::uint32_t bits = sign;
  if (exponent == 0x1F) {
    bits |= 0x7F800000U | (fraction << 13);
  } else if (exponent != 0) {
    bits |= ((exponent + 112) << 23) | (fraction << 13);
  } else if (fraction != 0) {
    exponent = 113;
    while ((fraction & 0x400) == 0) {
      fraction <<= 1;
      --exponent;
    }
    bits |= (exponent << 23) | ((fraction & 0x3FF) << 13);
  }
  return __builtin_bit_cast(float, bits);
}

// Whether a value whose lost bits are `lost` of `half * 2` is moved away from zero.
bool rounds_up(Rounding rounding, bool negative, bool odd, std::uint64_t lost, std::uint64_t half) {
  switch (rounding) {
    case Rounding::kNearest:
      return lost > half || (lost == half && odd);
    case Rounding::kZero:
      return false;
    case Rounding::kDown:
      return negative && lost != 0;
    case Rounding::kUp:
      return !negative && lost != 0;
  }
  return false;
}

Half overflow(Rounding rounding, bool negative) {
  const bool to_infinity = rounding == Rounding::kNearest ||
                           (rounding == Rounding::kUp && !negative) ||
                           (rounding == Rounding::kDown && negative);
  return Half{
      static_cast<std::uint16_t>((negative ? 0x8000 : 0) | (to_infinity ? 0x7C00 : 0x7BFF))};
}

Half narrow(double value, Rounding rounding) {
  const auto bits = __builtin_bit_cast(std::uint64_t, value);
  const bool negative = (bits >> 63) != 0;
  const auto sign = static_cast<std::uint16_t>(negative ? 0x8000 : 0);
  const int exponent = static_cast<int>((bits >> 52) & 0x7FF) - 1023;
  const std::uint64_t fraction = bits & ((std::uint64_t{1} << 52) - 1);
  if (exponent == 1024)
    return Half{static_cast<std::uint16_t>(sign | (fraction != 0 ? 0x7FFF : 0x7C00))};
  if (exponent > 15) return overflow(rounding, negative);
  if (value == 0) return Half{sign};
  // The significand with its leading one; what lies below the last place of a half is lost.
  const std::uint64_t whole = fraction | (exponent > -1023 ? std::uint64_t{1} << 52 : 0);
  int shift = 42;
  if (exponent < -14) shift += -14 - exponent;
  if (shift > 63) shift = 63;
  std::uint64_t kept = whole >> shift;
  const std::uint64_t lost = whole & ((std::uint64_t{1} << shift) - 1);
  if (rounds_up(rounding, negative, (kept & 1) != 0, lost, std::uint64_t{1} << (shift - 1))) ++kept;
  // A carry runs into the exponent by itself.
  const std::uint64_t base = exponent < -14 ? 0 : static_cast<std::uint64_t>(exponent + 14) << 10;
  const std::uint64_t all = base + kept;
  if (all >= 0x7C00) return overflow(rounding, negative);
  return Half{static_cast<std::uint16_t>(sign | all)};
}

double to_whole(double x, Rounding rounding) {
  switch (rounding) {
    case Rounding::kNearest:
      return __builtin_roundeven(x);
    case Rounding::kZero:
      return __builtin_trunc(x);
    case Rounding::kDown:
      return __builtin_floor(x);
    case Rounding::kUp:
      return __builtin_ceil(x);
  }
  return x;
}

template <typename T>
double flushed(const Instr& i, T x) {
  const double value = static_cast<double>(x);
  const bool subnormal =
      sizeof(T) == 4 && value != 0 &&
      __builtin_fabs(value) < static_cast<double>(std::numeric_limits<float>::min());
  return i.flush && subnormal ? __builtin_copysign(0.0, value) : value;
}

// Beyond the range it is the nearest that there is; NaN becomes 0.
template <typename D>
D float_to_int(const Instr& i, double x) {
  const double whole = to_whole(x, i.rounding);
  if (whole != whole) return 0;
  constexpr double kBelow = static_cast<double>(std::numeric_limits<D>::min());
  // The first power of two above all values.
  constexpr double kAbove =
      2.0 * static_cast<double>(std::uint64_t{1} << (std::numeric_limits<D>::digits - 1));
  if (whole <= kBelow) return std::numeric_limits<D>::min();
  if (whole >= kAbove) return std::numeric_limits<D>::max();
  return static_cast<D>(whole);
}

template <typename D, typename S>
D int_to_int(const Instr& i, S x) {
  if (!i.saturate) return static_cast<D>(x);
  if constexpr (std::is_signed_v<S>) {
    if (x < 0 && !std::is_signed_v<D>) return 0;
    if (static_cast<std::int64_t>(x) < 0) {
      return static_cast<std::int64_t>(x) < static_cast<std::int64_t>(std::numeric_limits<D>::min())
                 ? std::numeric_limits<D>::min()
                 : static_cast<D>(x);
    }
  }
  return static_cast<std::uint64_t>(x) > static_cast<std::uint64_t>(std::numeric_limits<D>::max())
             ? std::numeric_limits<D>::max()
             : static_cast<D>(x);
}

// The rounding is in force while this runs.
template <typename D, typename S>
D to_float(const Instr& i, S x) {
  const volatile S from = x;
  volatile D result;
  if constexpr (std::is_floating_point_v<S>) {
    const double value = flushed<S>(i, from);
    result = static_cast<D>(i.to_integer ? to_whole(value, i.rounding) : value);
  } else {
    result = static_cast<D>(from);
  }
  D out = sizeof(D) == 4 ? static_cast<D>(flushed<D>(i, result)) : D{result};
  if (i.saturate) out = out > 0 ? (out < 1 ? out : 1) : 0;
  return out;
}

class RoundingScope {
 public:
  explicit RoundingScope(Rounding rounding) : before_(std::fegetround()) {
    constexpr int kModes[] = {FE_TONEAREST, FE_TOWARDZERO, FE_DOWNWARD, FE_UPWARD};
    std::fesetround(kModes[static_cast<int>(rounding)]);
  }
  ~RoundingScope() { std::fesetround(before_); }
  RoundingScope(const RoundingScope&) = delete;
  RoundingScope& operator=(const RoundingScope&) = delete;

 private:
  int before_;
};

template <typename D, typename S>
const Instr* convert(Context& c, const Instr& i) {
  if constexpr (std::is_same_v<S, Half> && std::is_same_v<D, Half>) {
    return each<std::uint16_t, std::uint16_t>(c, i, [&i](std::uint16_t x) {
      if (!i.to_integer) return x;
      return narrow(to_whole(static_cast<double>(widen(Half{x})), i.rounding), i.rounding).bits;
    });
  } else if constexpr (std::is_same_v<S, Half>) {
    return each<D, std::uint16_t>(c, i, [&i](std::uint16_t x) {
      const float value = widen(Half{x});
      if constexpr (std::is_floating_point_v<D>)
        return to_float<D, float>(i, value);
      else
        return float_to_int<D>(i, static_cast<double>(value));
    });
  } else if constexpr (std::is_same_v<D, Half>) {
    return each<std::uint16_t, S>(c, i, [&i](S x) {
      double value = static_cast<double>(x);
      if constexpr (std::is_floating_point_v<S>) value = flushed<S>(i, x);
      if (i.saturate) value = value > 0 ? (value < 1 ? value : 1) : 0;
      return narrow(value, i.rounding).bits;
    });
  } else if constexpr (std::is_floating_point_v<D>) {
    if (std::is_integral_v<S> && i.rounding == Rounding::kNearest && !i.saturate) {
      return each<D, S>(c, i, [](S x) { return static_cast<D>(x); });
    }
    const RoundingScope scope(i.to_integer ? Rounding::kNearest : i.rounding);
    return each<D, S>(c, i, [&i](S x) { return to_float<D, S>(i, x); });
  } else if constexpr (std::is_floating_point_v<S>) {
    return each<D, S>(c, i, [&i](S x) { return float_to_int<D>(i, flushed<S>(i, x)); });
  } else {
    if (!i.saturate) return each<D, S>(c, i, [](S x) { return static_cast<D>(x); });
    return each<D, S>(c, i, [&i](S x) { return int_to_int<D, S>(i, x); });
  }
}

template <typename D>
Handler from(Type type) {
  switch (type) {
    case Type::kU8:
      return convert<D, std::uint8_t>;
    case Type::kU16:
      return convert<D, std::uint16_t>;
    case Type::kU32:
      return convert<D, std::uint32_t>;
    case Type::kU64:
      return convert<D, std::uint64_t>;
    case Type::kS8:
      return convert<D, std::int8_t>;
    case Type::kS16:
      return convert<D, std::int16_t>;
    case Type::kS32:
      return convert<D, std::int32_t>;
    case Type::kS64:
      return convert<D, std::int64_t>;
    case Type::kF16:
      return convert<D, Half>;
    case Type::kF32:
      return convert<D, float>;
    case Type::kF64:
      return convert<D, double>;
    default:
      return nullptr;
  }
}

}  // namespace

Handler select_convert(const OpKey& key) {
  if (key.op != Op::kCvt) return nullptr;
  switch (key.type) {
    case Type::kU8:
      return from<std::uint8_t>(key.other);
    case Type::kU16:
      return from<std::uint16_t>(key.other);
    case Type::kU32:
      return from<std::uint32_t>(key.other);
    case Type::kU64:
      return from<std::uint64_t>(key.other);
    case Type::kS8:
      return from<std::int8_t>(key.other);
    case Type::kS16:
      return from<std::int16_t>(key.other);
    case Type::kS32:
      return from<std::int32_t>(key.other);
    case Type::kS64:
      return from<std::int64_t>(key.other);
    case Type::kF16:
      return from<Half>(key.other);
    case Type::kF32:
      return from<float>(key.other);
    case Type::kF64:
      return from<double>(key.other);
    default:
      return nullptr;
  }
}

}  // namespace gpu_host::GPU_HOST_ISA
