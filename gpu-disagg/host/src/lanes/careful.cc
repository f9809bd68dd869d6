// Floating point with a rounding of its own, .ftz or .sat, and the approximated functions.
#include <cfenv>

#include "lanes/lanes.h"

namespace gpu_host::GPU_HOST_ISA {
namespace {

int mode_of(Rounding rounding) {
  switch (rounding) {
    case Rounding::kZero:
      return FE_TOWARDZERO;
    case Rounding::kDown:
      return FE_DOWNWARD;
    case Rounding::kUp:
      return FE_UPWARD;
    case Rounding::kNearest:
      break;
  }
  return FE_TONEAREST;
}

template <typename T>
T flushed(const Instr& i, T x) {
  const bool subnormal = x != 0 && __builtin_fabs(static_cast<double>(x)) <
                                       static_cast<double>(std::numeric_limits<T>::min());
  return i.flush && subnormal ? static_cast<T>(__builtin_copysign(0.0, static_cast<double>(x))) : x;
}

// NaN becomes 0.
template <typename T>
T limited(const Instr& i, T x) {
  if (!i.saturate) return x;
  if (!(x > 0)) return 0;
  return x < 1 ? x : 1;
}

template <typename T>
T compute(Op op, T x, T y, T z) {
  switch (op) {
    case Op::kAdd:
      return x + y;
    case Op::kSub:
      return x - y;
    case Op::kMulLo:
      return x * y;
    case Op::kDiv:
      return x / y;
    case Op::kFma:
      return sizeof(T) == 4
                 ? static_cast<T>(__builtin_fmaf(static_cast<float>(x), static_cast<float>(y),
                                                 static_cast<float>(z)))
                 : static_cast<T>(__builtin_fma(x, y, z));
    case Op::kMin:
      return x < y || y != y ? x : y;
    case Op::kMax:
      return x > y || y != y ? x : y;
    case Op::kNeg:
      return -x;
    case Op::kAbs:
      return static_cast<T>(__builtin_fabs(static_cast<double>(x)));
    case Op::kRcp:
      return 1 / x;
    case Op::kSqrt:
      return sizeof(T) == 4 ? static_cast<T>(__builtin_sqrtf(static_cast<float>(x)))
                            : static_cast<T>(__builtin_sqrt(x));
    case Op::kRsqrt:
      return 1 / (sizeof(T) == 4 ? static_cast<T>(__builtin_sqrtf(static_cast<float>(x)))
                                 : static_cast<T>(__builtin_sqrt(x)));
    case Op::kSin:
      return static_cast<T>(__builtin_sinf(static_cast<float>(x)));
    case Op::kCos:
      return static_cast<T>(__builtin_cosf(static_cast<float>(x)));
    case Op::kLg2:
      return static_cast<T>(__builtin_log2f(static_cast<float>(x)));
    case Op::kEx2:
      return static_cast<T>(__builtin_exp2f(static_cast<float>(x)));
    case Op::kTanh:
      return static_cast<T>(__builtin_tanhf(static_cast<float>(x)));
    default:
      return 0;
  }
}

template <typename T, Op kOp, int kOperands>
const Instr* careful(Context& c, const Instr& i) {
  const int before = std::fegetround();
  const int wanted = mode_of(i.rounding);
  if (wanted != before) std::fesetround(wanted);
  for (unsigned l = 0; l < kLanes; ++l) {
    if (!has_lane(c.mask, l)) continue;
    // volatile: the compiler must not compute before the rounding is set, nor after it is put back.
    const volatile T x = flushed(i, slots<T>(c, i.a)[l]);
    const volatile T y = kOperands > 1 ? flushed(i, slots<T>(c, i.b)[l]) : T{0};
    const volatile T z = kOperands > 2 ? flushed(i, slots<T>(c, i.c)[l]) : T{0};
    const volatile T result = compute<T>(kOp, x, y, z);
    slots<T>(c, i.d[0])[l] = limited(i, flushed<T>(i, result));
  }
  if (wanted != before) std::fesetround(before);
  return &i + 1;
}

template <typename T>
Handler pick(Op op) {
  switch (op) {
    case Op::kAdd:
      return careful<T, Op::kAdd, 2>;
    case Op::kSub:
      return careful<T, Op::kSub, 2>;
    case Op::kMulLo:
      return careful<T, Op::kMulLo, 2>;
    case Op::kDiv:
      return careful<T, Op::kDiv, 2>;
    case Op::kFma:
      return careful<T, Op::kFma, 3>;
    case Op::kMin:
      return careful<T, Op::kMin, 2>;
    case Op::kMax:
      return careful<T, Op::kMax, 2>;
    case Op::kNeg:
      return careful<T, Op::kNeg, 1>;
    case Op::kAbs:
      return careful<T, Op::kAbs, 1>;
    case Op::kRcp:
      return careful<T, Op::kRcp, 1>;
    case Op::kSqrt:
      return careful<T, Op::kSqrt, 1>;
    case Op::kRsqrt:
      return careful<T, Op::kRsqrt, 1>;
    default:
      return nullptr;
  }
}

Handler pick_function(Op op) {
  switch (op) {
    case Op::kSin:
      return careful<float, Op::kSin, 1>;
    case Op::kCos:
      return careful<float, Op::kCos, 1>;
    case Op::kLg2:
      return careful<float, Op::kLg2, 1>;
    case Op::kEx2:
      return careful<float, Op::kEx2, 1>;
    case Op::kTanh:
      return careful<float, Op::kTanh, 1>;
    default:
      return nullptr;
  }
}

}  // namespace

Handler select_careful(const OpKey& key) {
  if (key.type == Type::kF64) return pick<double>(key.op);
  if (key.type != Type::kF32) return nullptr;
  const Handler function = pick_function(key.op);
  return function != nullptr ? function : pick<float>(key.op);
}

}  // namespace gpu_host::GPU_HOST_ISA
