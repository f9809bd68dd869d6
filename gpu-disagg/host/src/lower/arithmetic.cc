// Arithmetic, logic and bits.
#include "lower/lowering.h"

namespace gpu_host {

using base::Status;

// Rounding, .ftz, .sat, .approx; whether any of them asks for more than the usual.
bool Lowering::float_words(Modifiers& words, Instr& instr) {
  // .approx and .full allow less than what is done here: to the nearest.
  if (!words.take("approx") && !words.take("full")) {
    instr.rounding = words.rounding().value_or(Rounding::kNearest);
  }
  instr.flush = words.take("ftz");
  instr.saturate = words.take("sat");
  return instr.flush || instr.saturate || instr.rounding != Rounding::kNearest;
}

Status Lowering::unary(Op op, Type to, Type from, const OpKey& key, const Instr& pattern) {
  TRY_STATUS(expect_operands(2, 2));
  Instr instr = pattern;
  OpKey whole = key;
  whole.op = op;
  TRY(instr.a, source(1, from));
  TRY(instr.d[0], destination(now_->operands[0], to));
  return emit(whole, instr);
}

Status Lowering::binary(const OpKey& key, Type d, Type a, Type b, const Instr& pattern) {
  TRY_STATUS(expect_operands(3, 3));
  Instr instr = pattern;
  TRY(instr.a, source(1, a));
  TRY(instr.b, source(2, b));
  TRY(instr.d[0], destination(now_->operands[0], d));
  return emit(key, instr);
}

Status Lowering::ternary(const OpKey& key, Type d, Type a, Type b, Type c, const Instr& pattern) {
  TRY_STATUS(expect_operands(4, 4));
  Instr instr = pattern;
  TRY(instr.a, source(1, a));
  TRY(instr.b, source(2, b));
  TRY(instr.c, source(3, c));
  TRY(instr.d[0], destination(now_->operands[0], d));
  return emit(key, instr);
}

// An operation whose operands and result all have its one type.
Status Lowering::simple(Modifiers& words, Op op, std::size_t operands) {
  Instr instr = blank();
  const bool careful = float_words(words, instr);
  TRY(const Type type, need_type(words));
  if (careful && !is_float(type)) return not_built("modifiers that whole numbers do not have");
  const OpKey key{.op = op, .type = type, .variant = careful ? 1U : 0U};
  if (operands == 1) return unary(op, type, type, key, instr);
  if (operands == 2) return binary(key, type, type, type, instr);
  return ternary(key, type, type, type, type, instr);
}

Status Lowering::add_or_sub(Modifiers& words, Op op, Op carry, bool takes_carry) {
  const bool gives_carry = words.take("cc");
  if (!takes_carry && !gives_carry) return simple(words, op, 2);
  TRY(Type type, need_type(words));
  if (bytes_of(type) < 4 || is_float(type) || without_bits(type) != type) {
    return not_built("not built for this type");
  }
  if (!carry_) carry_ = frame_.add_register(Type::kPred);
  Instr instr = blank();
  instr.c = *carry_;
  instr.imm = (takes_carry ? 1U : 0U) | (gives_carry ? 2U : 0U);
  // The sign does not matter for the bits.
  type = bytes_of(type) == 8 ? Type::kU64 : Type::kU32;
  return binary(OpKey{.op = carry, .type = type}, type, type, type, instr);
}

Status Lowering::add(Modifiers& words) { return add_or_sub(words, Op::kAdd, Op::kAddCarry, false); }
Status Lowering::sub(Modifiers& words) { return add_or_sub(words, Op::kSub, Op::kSubCarry, false); }
Status Lowering::addc(Modifiers& words) { return add_or_sub(words, Op::kAdd, Op::kAddCarry, true); }
Status Lowering::subc(Modifiers& words) { return add_or_sub(words, Op::kSub, Op::kSubCarry, true); }

namespace {

Type twice(Type type) {
  switch (type) {
    case Type::kU16:
      return Type::kU32;
    case Type::kS16:
      return Type::kS32;
    case Type::kU32:
      return Type::kU64;
    case Type::kS32:
      return Type::kS64;
    default:
      return type;
  }
}

}  // namespace

Status Lowering::mul(Modifiers& words) {
  if (words.take("wide")) {
    TRY(const Type type, need_type(words));
    return binary(OpKey{.op = Op::kMulWide, .type = type}, twice(type), type, type, blank());
  }
  if (words.take("hi")) return simple(words, Op::kMulHi, 2);
  words.take("lo");
  return simple(words, Op::kMulLo, 2);
}

Status Lowering::mad(Modifiers& words) {
  if (words.take("wide")) {
    TRY(const Type type, need_type(words));
    return ternary(OpKey{.op = Op::kMadWide, .type = type}, twice(type), type, type, twice(type),
                   blank());
  }
  if (words.take("hi")) return simple(words, Op::kMadHi, 3);
  // mad.f32 is fma.f32 since sm_20.
  if (words.take("lo")) return simple(words, Op::kMadLo, 3);
  return fma(words);
}

Status Lowering::fma(Modifiers& words) { return simple(words, Op::kFma, 3); }

Status Lowering::mul24(Modifiers& words) {
  if (!words.take("lo")) return not_built("only .lo is built here");
  return simple(words, Op::kMul24, 2);
}
Status Lowering::mad24(Modifiers& words) {
  if (!words.take("lo")) return not_built("only .lo is built here");
  return simple(words, Op::kMad24, 3);
}

Status Lowering::sad(Modifiers& words) { return simple(words, Op::kSad, 3); }
Status Lowering::div(Modifiers& words) { return simple(words, Op::kDiv, 2); }
Status Lowering::rem(Modifiers& words) { return simple(words, Op::kRem, 2); }
Status Lowering::min(Modifiers& words) { return simple(words, Op::kMin, 2); }
Status Lowering::max(Modifiers& words) { return simple(words, Op::kMax, 2); }
Status Lowering::neg(Modifiers& words) { return simple(words, Op::kNeg, 1); }
Status Lowering::abs(Modifiers& words) { return simple(words, Op::kAbs, 1); }
Status Lowering::copysign(Modifiers& words) { return simple(words, Op::kCopysign, 2); }
Status Lowering::cnot(Modifiers& words) { return simple(words, Op::kCnot, 1); }
Status Lowering::rcp(Modifiers& words) { return simple(words, Op::kRcp, 1); }
Status Lowering::sqrt(Modifiers& words) { return simple(words, Op::kSqrt, 1); }
Status Lowering::rsqrt(Modifiers& words) { return simple(words, Op::kRsqrt, 1); }
Status Lowering::sin(Modifiers& words) { return simple(words, Op::kSin, 1); }
Status Lowering::cos(Modifiers& words) { return simple(words, Op::kCos, 1); }
Status Lowering::lg2(Modifiers& words) { return simple(words, Op::kLg2, 1); }
Status Lowering::ex2(Modifiers& words) { return simple(words, Op::kEx2, 1); }
Status Lowering::tanh(Modifiers& words) { return simple(words, Op::kTanh, 1); }

Status Lowering::logic(Modifiers& words, Op op, Op predicate_op) {
  TRY(const Type type, need_type(words));
  const bool one = op == Op::kNot;
  if (type != Type::kPred) {
    const OpKey key{.op = op, .type = type};
    return one ? unary(op, type, type, key, blank()) : binary(key, type, type, type, blank());
  }
  TRY_STATUS(expect_operands(one ? 2 : 3, one ? 2 : 3));
  Instr instr = blank();
  TRY(instr.a, predicate_source(now_->operands[1]));
  if (!one) {
    TRY(instr.b, predicate_source(now_->operands[2]));
  }
  TRY(instr.d[0], predicate_destination(now_->operands[0].name));
  if (instr.d[0] == kNoRegister) return error("a result that nobody wants");
  return emit(OpKey{.op = predicate_op, .type = Type::kPred}, instr);
}

Status Lowering::and_(Modifiers& words) { return logic(words, Op::kAnd, Op::kPredAnd); }
Status Lowering::or_(Modifiers& words) { return logic(words, Op::kOr, Op::kPredOr); }
Status Lowering::xor_(Modifiers& words) { return logic(words, Op::kXor, Op::kPredXor); }
Status Lowering::not_(Modifiers& words) { return logic(words, Op::kNot, Op::kPredNot); }

Status Lowering::shl(Modifiers& words) {
  TRY(const Type type, need_type(words));
  return binary(OpKey{.op = Op::kShl, .type = type}, type, type, Type::kU32, blank());
}

Status Lowering::shr(Modifiers& words) {
  TRY(const Type type, need_type(words));
  return binary(OpKey{.op = Op::kShr, .type = without_bits(type)}, type, type, Type::kU32, blank());
}

Status Lowering::shf(Modifiers& words) {
  const bool left = words.take("l");
  if (!left && !words.take("r")) return error("a direction is missing");
  const bool wrap = words.take("wrap");
  if (!wrap && !words.take("clamp")) return error("a mode is missing");
  const Op right_op = wrap ? Op::kShiftRightWrap : Op::kShiftRightClamp;
  const Op left_op = wrap ? Op::kShiftLeftWrap : Op::kShiftLeftClamp;
  return simple(words, left ? left_op : right_op, 3);
}

Status Lowering::popc(Modifiers& words) {
  TRY(const Type type, need_type(words));
  return unary(Op::kPopc, Type::kU32, type, OpKey{.type = type}, blank());
}
Status Lowering::clz(Modifiers& words) {
  TRY(const Type type, need_type(words));
  return unary(Op::kClz, Type::kU32, type, OpKey{.type = type}, blank());
}
Status Lowering::brev(Modifiers& words) { return simple(words, Op::kBrev, 1); }

Status Lowering::bfe(Modifiers& words) {
  TRY(const Type type, need_type(words));
  return ternary(OpKey{.op = Op::kBfe, .type = type}, type, type, Type::kU32, Type::kU32, blank());
}

Status Lowering::bfi(Modifiers& words) {
  TRY(const Type type, need_type(words));
  TRY_STATUS(expect_operands(5, 5));
  Instr instr = blank();
  TRY(instr.a, source(1, type));
  TRY(instr.b, source(2, type));
  TRY(instr.c, source(3, Type::kU32));
  TRY(instr.d[1], source(4, Type::kU32));
  TRY(instr.d[0], destination(now_->operands[0], type));
  return emit(OpKey{.op = Op::kBfi, .type = type}, instr);
}

Status Lowering::bfind(Modifiers& words) {
  const Op op = words.take("shiftamt") ? Op::kBfindShift : Op::kBfind;
  TRY(const Type type, need_type(words));
  return unary(op, Type::kU32, type, OpKey{.type = type}, blank());
}

Status Lowering::bmsk(Modifiers& words) {
  const bool wrap = words.take("wrap");
  if (!wrap && !words.take("clamp")) return error("a mode is missing");
  return simple(words, wrap ? Op::kBmskWrap : Op::kBmskClamp, 2);
}

Status Lowering::prmt(Modifiers& words) { return simple(words, Op::kPrmt, 3); }

Status Lowering::lop3(Modifiers& words) {
  TRY(const Type type, need_type(words));
  TRY_STATUS(expect_operands(5, 5));
  if (now_->operands[4].kind != ptx::OperandKind::kInteger) return error("its table is a number");
  Instr instr = blank();
  instr.imm = now_->operands[4].bits & 0xFF;
  TRY(instr.a, source(1, type));
  TRY(instr.b, source(2, type));
  TRY(instr.c, source(3, type));
  TRY(instr.d[0], destination(now_->operands[0], type));
  return emit(OpKey{.op = Op::kLop3, .type = type}, instr);
}

Status Lowering::dp4a(Modifiers& words) {
  TRY(const Type type, need_type(words));
  TRY(const Type second, need_type(words));
  if (type != second) return not_built("only operands of one sign are built here");
  return ternary(OpKey{.op = Op::kDp4a, .type = type}, type, type, type, type, blank());
}

}  // namespace gpu_host
