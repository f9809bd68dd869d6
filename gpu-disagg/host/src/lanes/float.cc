// Floating point as it is usual: to nearest, with subnormal numbers, without limits.
#include "lanes/lanes.h"

namespace gpu_host::GPU_HOST_ISA {
namespace {

inline float root(float x) { return __builtin_sqrtf(x); }
inline double root(double x) { return __builtin_sqrt(x); }
inline float fused(float x, float y, float z) { return __builtin_fmaf(x, y, z); }
inline double fused(double x, double y, double z) { return __builtin_fma(x, y, z); }
inline float absolute(float x) { return __builtin_fabsf(x); }
inline double absolute(double x) { return __builtin_fabs(x); }
inline float with_sign(float x, float y) { return __builtin_copysignf(x, y); }
inline double with_sign(double x, double y) { return __builtin_copysign(x, y); }

// The other one where one is NaN; -0 is below +0.
template <typename T>
T smaller(T x, T y) {
  if (x == y) return __builtin_signbit(x) != 0 ? x : y;
  return x < y || y != y ? x : y;
}
template <typename T>
T larger(T x, T y) {
  if (x == y) return __builtin_signbit(x) != 0 ? y : x;
  return x > y || y != y ? x : y;
}

template <typename T>
Handler pick_two(Op op) {
  switch (op) {
    case Op::kAdd:
      return [](Context& c, const Instr& i) {
        return each<T, T, T>(c, i, [](T x, T y) { return x + y; });
      };
    case Op::kSub:
      return [](Context& c, const Instr& i) {
        return each<T, T, T>(c, i, [](T x, T y) { return x - y; });
      };
    case Op::kMulLo:
      return [](Context& c, const Instr& i) {
        return each<T, T, T>(c, i, [](T x, T y) { return x * y; });
      };
    case Op::kDiv:
      return [](Context& c, const Instr& i) {
        return each<T, T, T>(c, i, [](T x, T y) { return x / y; });
      };
    case Op::kMin:
      return [](Context& c, const Instr& i) { return each<T, T, T>(c, i, smaller<T>); };
    case Op::kMax:
      return [](Context& c, const Instr& i) { return each<T, T, T>(c, i, larger<T>); };
    case Op::kCopysign:
      // PTX names the sign first.
      return [](Context& c, const Instr& i) {
        return each<T, T, T>(c, i, [](T sign, T x) { return with_sign(x, sign); });
      };
    case Op::kFma:
      return [](Context& c, const Instr& i) {
        return each<T, T, T, T>(c, i, [](T x, T y, T z) { return fused(x, y, z); });
      };
    default:
      return nullptr;
  }
}

template <typename T>
Handler pick(Op op) {
  switch (op) {
    case Op::kNeg:
      return [](Context& c, const Instr& i) { return each<T, T>(c, i, [](T x) { return -x; }); };
    case Op::kAbs:
      return [](Context& c, const Instr& i) {
        return each<T, T>(c, i, [](T x) { return absolute(x); });
      };
    case Op::kRcp:
      return [](Context& c, const Instr& i) { return each<T, T>(c, i, [](T x) { return 1 / x; }); };
    case Op::kSqrt:
      return
          [](Context& c, const Instr& i) { return each<T, T>(c, i, [](T x) { return root(x); }); };
    case Op::kRsqrt:
      return [](Context& c, const Instr& i) {
        return each<T, T>(c, i, [](T x) { return 1 / root(x); });
      };
    default:
      return pick_two<T>(op);
  }
}

}  // namespace

Handler select_float(const OpKey& key) {
  if (key.variant != 0) return nullptr;
  if (key.type == Type::kF32) return pick<float>(key.op);
  if (key.type == Type::kF64) return pick<double>(key.op);
  return nullptr;
}

}  // namespace gpu_host::GPU_HOST_ISA
