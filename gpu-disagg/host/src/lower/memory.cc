// Loads, stores, atomics and fences.
#include "lower/lowering.h"

namespace gpu_host {

using base::Status;
using ptx::Operand;
using ptx::OperandKind;

namespace {

// How a value lies in memory: floats as their pattern.
Type memory_type(Type type) {
  switch (type) {
    case Type::kF16:
      return Type::kU16;
    case Type::kF16x2:
    case Type::kF32:
    case Type::kS32:
      return Type::kU32;
    case Type::kF64:
    case Type::kS64:
      return Type::kU64;
    default:
      return without_bits(type);
  }
}

void skip_order(Modifiers& words) {
  words.skip({"volatile", "weak", "relaxed", "acquire", "release", "acq_rel", "mmio"});
  words.skip({"cta", "cluster", "gpu", "sys"});
}

// Hints for caches, of which there are none.
void skip_cache(Modifiers& words) {
  words.skip({"nc", "ca", "cg", "cs", "lu", "cv", "wb", "wt", "L1::evict_normal",
              "L1::evict_unchanged", "L1::evict_first", "L1::evict_last", "L1::no_allocate",
              "L2::64B", "L2::128B", "L2::256B"});
}

}  // namespace

Status Lowering::memory(Modifiers& words, Op op) {
  skip_order(words);
  const Space space = words.space().value_or(Space::kGeneric);
  skip_cache(words);
  Instr instr = blank();
  instr.count = words.one_of<std::uint8_t>({{"v2", 2}, {"v4", 4}}).value_or(1);
  TRY(const Type type, need_type(words));
  TRY_STATUS(expect_operands(2, 2));
  const bool loads = op == Op::kLoad;
  TRY(const Place where, place(now_->operands[loads ? 1 : 0], space));
  instr.a = where.base;
  instr.imm = where.offset;
  instr.space = where.space;
  const Operand& value = now_->operands[loads ? 0 : 1];
  const bool vector = value.kind == OperandKind::kVector;
  if ((vector ? value.parts.size() : 1) != instr.count) return error("a vector of another size");
  for (std::size_t i = 0; i < instr.count; ++i) {
    const Operand& part = vector ? value.parts[i] : value;
    if (!loads) {
      TRY(instr.d[i], source(part, type));
    } else if (part.kind != OperandKind::kSink) {
      TRY(instr.d[i], destination(part, type));
    }
  }
  return emit(
      OpKey{.op = op, .type = memory_type(type), .space = where.space, .wide_address = where.wide},
      instr);
}

Status Lowering::ld(Modifiers& words) { return memory(words, Op::kLoad); }
Status Lowering::st(Modifiers& words) { return memory(words, Op::kStore); }

// Nothing is cached here. The address is not looked at, as on hardware.
Status Lowering::prefetch(Modifiers& words) {
  words.space();
  words.skip({"L1", "L2", "L2::evict_last", "L2::evict_normal"});
  emit(run_nothing, blank());
  return {};
}

Status Lowering::atom(Modifiers& words) { return atomic(words, true); }
Status Lowering::red(Modifiers& words) { return atomic(words, false); }

Status Lowering::atomic(Modifiers& words, bool has_result) {
  skip_order(words);
  const Space space = words.space().value_or(Space::kGeneric);
  const auto operation = words.one_of<Atomic>({{"and", Atomic::kAnd},
                                               {"or", Atomic::kOr},
                                               {"xor", Atomic::kXor},
                                               {"exch", Atomic::kExchange},
                                               {"add", Atomic::kAdd},
                                               {"inc", Atomic::kIncrement},
                                               {"dec", Atomic::kDecrement},
                                               {"min", Atomic::kMin},
                                               {"max", Atomic::kMax},
                                               {"cas", Atomic::kSwapIfEqual}});
  if (!operation) return not_built("an operation that is not built here");
  TRY(const Type type, need_type(words));
  const std::size_t first = has_result ? 1 : 0;
  const std::size_t values = *operation == Atomic::kSwapIfEqual ? 2 : 1;
  TRY_STATUS(expect_operands(first + 1 + values, first + 1 + values));
  TRY(const Place where, place(now_->operands[first], space));
  Instr instr = blank();
  instr.a = where.base;
  if (!where.wide) {
    Instr widen = blank();
    widen.a = where.base;
    widen.d[0] = frame_.temporary(true);
    TRY_STATUS(emit(OpKey{.op = Op::kWiden, .type = Type::kU32}, widen));
    instr.a = widen.d[0];
  }
  instr.imm = where.offset;
  instr.space = where.space;
  TRY(instr.b, source(first + 1, type));
  if (values == 2) {
    TRY(instr.c, source(first + 2, type));
  }
  if (has_result && now_->operands[0].kind != OperandKind::kSink) {
    TRY(instr.d[0], destination(now_->operands[0], type));
  }
  const Handler handler = select_atomic(*operation, type);
  if (handler == nullptr) return not_built("not built for this type");
  emit(handler, instr);
  return {};
}

// membar and fence alike: all order is total here.
Status Lowering::fence(Modifiers& words) {
  words.skip({"sc", "acq_rel", "acquire", "release", "cta", "cluster", "gpu", "sys", "gl"});
  emit(run_fence, blank());
  return {};
}

}  // namespace gpu_host
