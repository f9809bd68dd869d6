// Which function runs an operation on 32 lanes at once.
//
// The functions exist twice, compiled for any x86-64 and for AVX2 with FMA; both give the same
// bits.
#pragma once

#include <cstdint>

#include "ptx/type.h"
#include "run/program.h"

namespace gpu_host {

enum class Op : std::uint8_t {
  kAdd,
  kSub,
  kMulLo,
  kMulHi,
  kMulWide,
  kMadLo,
  kMadHi,
  kMadWide,
  kMul24,
  kMad24,
  kSad,
  kDiv,
  kRem,
  kNeg,
  kAbs,
  kMin,
  kMax,
  kFma,
  kCopysign,
  kAnd,
  kOr,
  kXor,
  kNot,
  kCnot,
  kShl,
  kShr,
  kShiftLeftWrap,
  kShiftLeftClamp,
  kShiftRightWrap,
  kShiftRightClamp,
  kPopc,
  kClz,
  kBrev,
  kBfe,
  kBfi,
  kBfind,
  kBfindShift,
  kBmskWrap,
  kBmskClamp,
  kPrmt,
  kLop3,
  kDp4a,
  kRcp,
  kSqrt,
  kRsqrt,
  kSin,
  kCos,
  kLg2,
  kEx2,
  kTanh,
  kSelp,
  kSlct,
  kMov,
  kCvt,
  kWiden,
  kNarrow,
  kPack,
  kUnpack,
  kSetp,
  kSet,
  kTestp,
  kPredMov,
  kPredNot,
  kPredAnd,
  kPredOr,
  kPredXor,
  kPredSelect,
  kAddCarry,
  kSubCarry,  // imm: bit 0 takes the carry in, bit 1 writes it
  kLoad,
  kStore,
};

// How setp and set compare; those with U are true for NaN.
enum class Compare : std::uint8_t {
  kEq,
  kNe,
  kLt,
  kLe,
  kGt,
  kGe,
  kEqu,
  kNeu,
  kLtu,
  kLeu,
  kGtu,
  kGeu,
  kNum,
  kNan,
};

enum class TestFloat : std::uint8_t {
  kFinite,
  kInfinite,
  kNumber,
  kNotANumber,
  kNormal,
  kSubnormal,
};

struct OpKey {
  Op op = Op::kAdd;
  Type type = Type::kNone;
  Type other = Type::kNone;  // from which kCvt converts; what kSet and kSlct look at
  // Compare, TestFloat; for float arithmetic 1 where rounding, .ftz or .sat are not the usual.
  unsigned variant = 0;
  Space space = Space::kGeneric;
  bool wide_address = true;
};

// Null where the operation is not built for the type.
Handler select_lanes(const OpKey& key);

namespace lanes_plain {
Handler select(const OpKey& key);
}
namespace lanes_avx2 {
Handler select(const OpKey& key);
}

}  // namespace gpu_host
