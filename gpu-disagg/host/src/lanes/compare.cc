// Comparisons: 32 lanes become one mask.
#include "lanes/lanes.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace gpu_host::GPU_HOST_ISA {
namespace {

// The top bit of each lane.
inline std::uint32_t top_bits(const std::int32_t (&lanes)[kLanes]) {
  std::uint32_t mask = 0;
#if defined(__AVX2__)
  for (unsigned l = 0; l < kLanes; l += 8) {
    const __m256 eight =
        _mm256_castsi256_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(lanes + l)));
    mask |= static_cast<std::uint32_t>(_mm256_movemask_ps(eight)) << l;
  }
#elif defined(__x86_64__)
  for (unsigned l = 0; l < kLanes; l += 4) {
    const __m128 four =
        _mm_castsi128_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(lanes + l)));
    mask |= static_cast<std::uint32_t>(_mm_movemask_ps(four)) << l;
  }
#else
  for (unsigned l = 0; l < kLanes; ++l) mask |= (lanes[l] < 0 ? 1U : 0U) << l;
#endif
  return mask;
}

template <Compare kHow, typename T>
bool holds(T x, T y) {
  const bool unordered = x != x || y != y;
  switch (kHow) {
    case Compare::kEq:
      return x == y;
    case Compare::kNe:
      return !unordered && x != y;
    case Compare::kLt:
      return x < y;
    case Compare::kLe:
      return x <= y;
    case Compare::kGt:
      return x > y;
    case Compare::kGe:
      return x >= y;
    case Compare::kEqu:
      return unordered || x == y;
    case Compare::kNeu:
      return x != y;
    case Compare::kLtu:
      return !(x >= y);
    case Compare::kLeu:
      return !(x > y);
    case Compare::kGtu:
      return !(x <= y);
    case Compare::kGeu:
      return !(x < y);
    case Compare::kNum:
      return !unordered;
    case Compare::kNan:
      return unordered;
  }
  return false;
}

template <typename T>
T flushed(T x) {
  if constexpr (std::is_floating_point_v<T>) {
    const bool subnormal = x != 0 && __builtin_fabs(static_cast<double>(x)) <
                                         static_cast<double>(std::numeric_limits<T>::min());
    return subnormal ? T{0} : x;
  } else {
    return x;
  }
}

// p and q of `setp.lt.and.f32 p|q, a, b, c`: the comparison, and its opposite, each with c.
const Instr* combine(Context& c, const Instr& i, std::uint32_t found) {
  std::uint32_t opposite = ~found;
  if (i.imm != 0) {
    const std::uint32_t with = i.negated ? ~predicate(c, i.c) : predicate(c, i.c);
    if (i.imm == 1) found &= with, opposite &= with;
    if (i.imm == 2) found |= with, opposite |= with;
    if (i.imm == 3) found ^= with, opposite ^= with;
  }
  if (i.d[0] != kNoRegister) {
    std::uint32_t& p = predicate(c, i.d[0]);
    p = (p & ~c.mask) | (found & c.mask);
  }
  if (i.d[1] != kNoRegister) {
    std::uint32_t& q = predicate(c, i.d[1]);
    q = (q & ~c.mask) | (opposite & c.mask);
  }
  return &i + 1;
}

template <typename T, Compare kHow>
const Instr* compare(Context& c, const Instr& i) {
  const Slot<T>* a = slots<T>(c, i.a);
  const Slot<T>* b = slots<T>(c, i.b);
  std::int32_t lanes[kLanes];
  if (std::is_floating_point_v<T> && i.flush) {
    for (unsigned l = 0; l < kLanes; ++l) {
      lanes[l] =
          holds<kHow, T>(flushed(static_cast<T>(a[l])), flushed(static_cast<T>(b[l]))) ? -1 : 0;
    }
  } else {
    for (unsigned l = 0; l < kLanes; ++l) {
      lanes[l] = holds<kHow, T>(static_cast<T>(a[l]), static_cast<T>(b[l])) ? -1 : 0;
    }
  }
  return combine(c, i, top_bits(lanes));
}

template <typename T>
Handler ordered(Compare how) {
  switch (how) {
    case Compare::kEq:
      return compare<T, Compare::kEq>;
    case Compare::kNe:
      return compare<T, Compare::kNe>;
    case Compare::kLt:
      return compare<T, Compare::kLt>;
    case Compare::kLe:
      return compare<T, Compare::kLe>;
    case Compare::kGt:
      return compare<T, Compare::kGt>;
    case Compare::kGe:
      return compare<T, Compare::kGe>;
    default:
      return nullptr;
  }
}

template <typename T>
Handler any(Compare how) {
  switch (how) {
    case Compare::kEqu:
      return compare<T, Compare::kEqu>;
    case Compare::kNeu:
      return compare<T, Compare::kNeu>;
    case Compare::kLtu:
      return compare<T, Compare::kLtu>;
    case Compare::kLeu:
      return compare<T, Compare::kLeu>;
    case Compare::kGtu:
      return compare<T, Compare::kGtu>;
    case Compare::kGeu:
      return compare<T, Compare::kGeu>;
    case Compare::kNum:
      return compare<T, Compare::kNum>;
    case Compare::kNan:
      return compare<T, Compare::kNan>;
    default:
      return ordered<T>(how);
  }
}

template <typename T>
bool passes(TestFloat test, T x) {
  const T size = x < 0 ? -x : x;
  const bool is_nan = x != x;
  const bool infinite = size == std::numeric_limits<T>::infinity();
  switch (test) {
    case TestFloat::kFinite:
      return !is_nan && !infinite;
    case TestFloat::kInfinite:
      return infinite;
    case TestFloat::kNumber:
      return !is_nan;
    case TestFloat::kNotANumber:
      return is_nan;
    case TestFloat::kNormal:
      return !is_nan && !infinite && size >= std::numeric_limits<T>::min();
    case TestFloat::kSubnormal:
      return size != 0 && size < std::numeric_limits<T>::min();
  }
  return false;
}

template <typename T, TestFloat kTest>
const Instr* test_float(Context& c, const Instr& i) {
  std::uint32_t found = 0;
  for (unsigned l = 0; l < kLanes; ++l) {
    if (passes<T>(kTest, slots<T>(c, i.a)[l])) found |= 1U << l;
  }
  return combine(c, i, found);
}

template <typename T>
Handler tests(TestFloat test) {
  switch (test) {
    case TestFloat::kFinite:
      return test_float<T, TestFloat::kFinite>;
    case TestFloat::kInfinite:
      return test_float<T, TestFloat::kInfinite>;
    case TestFloat::kNumber:
      return test_float<T, TestFloat::kNumber>;
    case TestFloat::kNotANumber:
      return test_float<T, TestFloat::kNotANumber>;
    case TestFloat::kNormal:
      return test_float<T, TestFloat::kNormal>;
    case TestFloat::kSubnormal:
      return test_float<T, TestFloat::kSubnormal>;
  }
  return nullptr;
}

}  // namespace

Handler select_compare(const OpKey& key) {
  if (key.op == Op::kTestp) {
    if (key.type == Type::kF32) return tests<float>(static_cast<TestFloat>(key.variant));
    return key.type == Type::kF64 ? tests<double>(static_cast<TestFloat>(key.variant)) : nullptr;
  }
  if (key.op != Op::kSetp) return nullptr;
  const auto how = static_cast<Compare>(key.variant);
  switch (key.type) {
    case Type::kU16:
      return ordered<std::uint16_t>(how);
    case Type::kU32:
      return ordered<std::uint32_t>(how);
    case Type::kU64:
      return ordered<std::uint64_t>(how);
    case Type::kS16:
      return ordered<std::int16_t>(how);
    case Type::kS32:
      return ordered<std::int32_t>(how);
    case Type::kS64:
      return ordered<std::int64_t>(how);
    case Type::kF32:
      return any<float>(how);
    case Type::kF64:
      return any<double>(how);
    default:
      return nullptr;
  }
}

}  // namespace gpu_host::GPU_HOST_ISA
