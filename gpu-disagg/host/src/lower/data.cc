// Comparisons, choices, moves and conversions.
#include "lower/lowering.h"

namespace gpu_host {

using base::Status;
using ptx::Operand;
using ptx::OperandKind;

namespace {

std::optional<Compare> compare_word(Modifiers& words) {
  return words.one_of<Compare>({{"eq", Compare::kEq},
                                {"ne", Compare::kNe},
                                {"lt", Compare::kLt},
                                {"le", Compare::kLe},
                                {"gt", Compare::kGt},
                                {"ge", Compare::kGe},
                                {"lo", Compare::kLt},
                                {"ls", Compare::kLe},
                                {"hi", Compare::kGt},
                                {"hs", Compare::kGe},
                                {"equ", Compare::kEqu},
                                {"neu", Compare::kNeu},
                                {"ltu", Compare::kLtu},
                                {"leu", Compare::kLeu},
                                {"gtu", Compare::kGtu},
                                {"geu", Compare::kGeu},
                                {"num", Compare::kNum},
                                {"nan", Compare::kNan}});
}

}  // namespace

// The comparison, how it is combined with a predicate, and its two values. The type comes after
// what `set` puts before it.
Status Lowering::compare(Modifiers& words, Instr& instr, OpKey& key, std::size_t first) {
  const auto how = compare_word(words);
  if (!how) return error("a comparison is missing");
  instr.imm = words.one_of<std::uint64_t>({{"and", 1}, {"or", 2}, {"xor", 3}}).value_or(0);
  instr.flush = words.take("ftz");
  Type to = Type::kU32;
  if (key.op == Op::kSet) {
    TRY(to, need_type(words));
    if (to != Type::kU32 && to != Type::kS32 && to != Type::kF32) {
      return not_built("not built for this type of result");
    }
  }
  TRY(const Type type, need_type(words));
  TRY_STATUS(expect_operands(instr.imm != 0 ? 4 : 3, instr.imm != 0 ? 4 : 3));
  key = OpKey{.op = Op::kSetp,
              .type = without_bits(type),
              .other = to,
              .variant = static_cast<unsigned>(*how)};
  TRY(instr.a, source(first, type));
  TRY(instr.b, source(first + 1, type));
  if (instr.imm != 0) {
    TRY(instr.c, predicate_source(now_->operands[first + 2]));
  }
  return {};
}

Status Lowering::setp(Modifiers& words) {
  Instr instr = blank();
  OpKey key{.op = Op::kSetp};
  TRY_STATUS(compare(words, instr, key, 1));
  const Operand& to = now_->operands[0];
  TRY(instr.d[0], predicate_destination(to.name));
  if (!to.second.empty()) {
    TRY(instr.d[1], predicate_destination(to.second));
  }
  return emit(key, instr);
}

Status Lowering::set(Modifiers& words) {
  Instr instr = blank();
  OpKey key{.op = Op::kSet};
  TRY_STATUS(compare(words, instr, key, 1));
  instr.d[0] = frame_.temporary_predicate();
  TRY_STATUS(emit(key, instr));
  Instr choose = blank();
  choose.a = frame_.constant(key.other == Type::kF32 ? 0x3F800000U : 0xFFFFFFFFU, false);
  choose.b = frame_.constant(0, false);
  choose.c = instr.d[0];
  TRY(choose.d[0], destination(now_->operands[0], key.other));
  return emit(OpKey{.op = Op::kSelp, .type = Type::kB32}, choose);
}

namespace {

// Moving looks at the width alone.
Type bits_of(Type type) {
  switch (bytes_of(type)) {
    case 2:
      return Type::kB16;
    case 4:
      return Type::kB32;
    case 8:
      return Type::kB64;
    default:
      return Type::kNone;
  }
}

}  // namespace

Status Lowering::selp(Modifiers& words) {
  TRY(const Type type, need_type(words));
  TRY_STATUS(expect_operands(4, 4));
  Instr instr = blank();
  TRY(instr.a, source(1, type));
  TRY(instr.b, source(2, type));
  TRY(instr.c, predicate_source(now_->operands[3]));
  TRY(instr.d[0], destination(now_->operands[0], type));
  return emit(OpKey{.op = Op::kSelp, .type = bits_of(type)}, instr);
}

Status Lowering::slct(Modifiers& words) {
  words.take("ftz");
  TRY(const Type type, need_type(words));
  TRY(const Type by, need_type(words));
  return ternary(OpKey{.op = Op::kSlct, .type = bits_of(type), .other = by}, type, type, type, by,
                 blank());
}

Status Lowering::testp(Modifiers& words) {
  const auto test = words.one_of<TestFloat>({{"finite", TestFloat::kFinite},
                                             {"infinite", TestFloat::kInfinite},
                                             {"number", TestFloat::kNumber},
                                             {"notanumber", TestFloat::kNotANumber},
                                             {"normal", TestFloat::kNormal},
                                             {"subnormal", TestFloat::kSubnormal}});
  if (!test) return error("a test is missing");
  TRY(const Type type, need_type(words));
  TRY_STATUS(expect_operands(2, 2));
  Instr instr = blank();
  TRY(instr.a, source(1, type));
  TRY(instr.d[0], predicate_destination(now_->operands[0].name));
  return emit(OpKey{.op = Op::kTestp, .type = type, .variant = static_cast<unsigned>(*test)},
              instr);
}

Status Lowering::mov(Modifiers& words) {
  TRY(const Type type, need_type(words));
  TRY_STATUS(expect_operands(2, 2));
  const Operand& from = now_->operands[1];
  if (type == Type::kPred) {
    Instr instr = blank();
    TRY(instr.a, predicate_source(from));
    TRY(instr.d[0], predicate_destination(now_->operands[0].name));
    if (instr.d[0] == kNoRegister) return error("a result that nobody wants");
    return emit(OpKey{.op = Op::kPredMov, .type = Type::kPred}, instr);
  }
  if (from.kind == OperandKind::kVector || now_->operands[0].kind == OperandKind::kVector) {
    return mov_vector(type);
  }
  bool done = false;
  TRY_STATUS(mov_address(type, done));
  if (done) return {};
  return unary(Op::kMov, type, type, OpKey{.type = bits_of(type)}, blank());
}

// mov.b64 %rd, {%r1, %r2} and the other way round.
Status Lowering::mov_vector(Type type) {
  const bool packs = now_->operands[1].kind == OperandKind::kVector;
  const auto& parts = now_->operands[packs ? 1 : 0].parts;
  if (parts.size() != 2 && parts.size() != 4) return error("a vector of a size that does not fit");
  const std::size_t part_bytes = bytes_of(type) / parts.size();
  const Type part = part_bytes == 4 ? Type::kB32 : (part_bytes == 2 ? Type::kB16 : Type::kB8);
  Instr instr = blank();
  if (packs) {
    std::uint32_t* const places[] = {&instr.a, &instr.b, &instr.c, &instr.d[1]};
    for (std::size_t i = 0; i < parts.size(); ++i) {
      TRY(*places[i], source(parts[i], part));
    }
    TRY(instr.d[0], destination(now_->operands[0], type));
  } else {
    TRY(instr.a, source(1, type));
    for (std::size_t i = 0; i < parts.size(); ++i) {
      if (parts[i].kind == OperandKind::kSink) continue;
      TRY(instr.d[i], destination(parts[i], part));
    }
  }
  return emit(OpKey{.op = packs ? Op::kPack : Op::kUnpack,
                    .type = bits_of(type),
                    .variant = static_cast<unsigned>(parts.size())},
              instr);
}

// mov.u64 %rd, variable: its address in its own space.
Status Lowering::mov_address(Type type, bool& done) {
  const Operand& from = now_->operands[1];
  if (from.kind != OperandKind::kName || frame_.find(from.name)) return {};
  if (kernel_.symbols().functions.contains(from.name)) {
    return not_built("addresses of functions are not built here");
  }
  const LocalVariable* variable = frame_.variable(from.name);
  if (variable != nullptr && variable->space == Space::kParam) {
    return not_built("addresses of a function's parameters are not built here");
  }
  // Asked for its own space, a place is an address in that space.
  Space space = variable != nullptr ? Space::kLocal : Space::kGlobal;
  if (kernel_.parameter(from.name) && signature_.function->is_entry) space = Space::kParam;
  if (shared_names_.contains(from.name) || kernel_.symbols().shared.contains(from.name)) {
    space = Space::kShared;
  }
  TRY(const auto found, symbol_place(from.name, space));
  if (!found) return {};
  done = true;
  Instr instr = blank();
  TRY(instr.d[0], destination(now_->operands[0], type));
  instr.a = found->base;
  if (from.bits != 0) {
    Instr add = blank();
    add.a = found->base;
    add.b = frame_.constant(from.bits, true);
    add.d[0] = frame_.temporary(true);
    TRY_STATUS(emit(OpKey{.op = Op::kAdd, .type = Type::kU64}, add));
    instr.a = add.d[0];
  }
  if (is_wide(type)) return emit(OpKey{.op = Op::kMov, .type = Type::kB64}, instr);
  return emit(OpKey{.op = Op::kNarrow, .type = Type::kB32}, instr);
}

Status Lowering::cvt(Modifiers& words) {
  Instr instr = blank();
  const std::string_view rounding = words.now();
  instr.rounding = words.rounding().value_or(Rounding::kNearest);
  instr.to_integer = rounding.size() == 3 && rounding.front() == 'r';
  instr.flush = words.take("ftz");
  instr.saturate = words.take("sat");
  TRY(const Type to, need_type(words));
  TRY(const Type from, need_type(words));
  // Towards whole numbers, without a word, it is towards zero.
  if (!is_float(to) && is_float(from) && !instr.to_integer) instr.rounding = Rounding::kZero;
  return unary(Op::kCvt, to, from, OpKey{.type = to, .other = from}, instr);
}

// Between an address in a space and a generic one.
Status Lowering::cvta(Modifiers& words) {
  const bool to_space = words.take("to");
  const auto space = words.space();
  if (!space) return error("a space is missing");
  TRY(const Type type, need_type(words));
  if (type != Type::kU64 && type != Type::kB64) {
    return not_built("only 64-bit addresses are built here");
  }
  TRY_STATUS(expect_operands(2, 2));
  std::uint64_t base = 0;
  if (*space == Space::kShared) base = kSharedBase;
  if (*space == Space::kLocal) base = kLocalBase;
  if (*space == Space::kParam) base = kParamBase;
  Instr instr = blank();
  const Operand& from = now_->operands[1];
  if (from.kind == OperandKind::kName && !frame_.find(from.name)) {
    TRY(const auto place, symbol_place(from.name, *space));
    if (!place) return error("unknown name " + std::string(from.name));
    instr.a = place->base;
  } else {
    TRY(instr.a, source(1, type));
  }
  instr.b = frame_.constant(to_space ? 0 - base : base, true);
  TRY(instr.d[0], destination(now_->operands[0], type));
  return emit(OpKey{.op = Op::kAdd, .type = Type::kU64}, instr);
}

Status Lowering::isspacep(Modifiers& words) {
  const auto space = words.space();
  if (!space) return error("a space is missing");
  TRY_STATUS(expect_operands(2, 2));
  Instr instr = blank();
  instr.space = *space;
  TRY(instr.a, source(1, Type::kU64));
  TRY(instr.d[0], predicate_destination(now_->operands[0].name));
  emit(run_isspacep, instr);
  return {};
}

}  // namespace gpu_host
