// Operands: from names and numbers to offsets in the frame.
#include <array>
#include <bit>

#include "lower/lowering.h"
#include "ptx/cursor.h"

namespace gpu_host {
namespace {

using base::Result;
using base::Status;
using ptx::Operand;
using ptx::OperandKind;

struct SpecialName {
  std::string_view name, component;
  Special special;
};

constexpr std::array kSpecials = {
    SpecialName{"%tid", "x", Special::kTidX},
    SpecialName{"%tid", "y", Special::kTidY},
    SpecialName{"%tid", "z", Special::kTidZ},
    SpecialName{"%ntid", "x", Special::kNtidX},
    SpecialName{"%ntid", "y", Special::kNtidY},
    SpecialName{"%ntid", "z", Special::kNtidZ},
    SpecialName{"%ctaid", "x", Special::kCtaidX},
    SpecialName{"%ctaid", "y", Special::kCtaidY},
    SpecialName{"%ctaid", "z", Special::kCtaidZ},
    SpecialName{"%nctaid", "x", Special::kNctaidX},
    SpecialName{"%nctaid", "y", Special::kNctaidY},
    SpecialName{"%nctaid", "z", Special::kNctaidZ},
    SpecialName{"%laneid", "", Special::kLaneid},
    SpecialName{"%warpid", "", Special::kWarpid},
    SpecialName{"%nwarpid", "", Special::kNwarpid},
    SpecialName{"%smid", "", Special::kSmid},
    SpecialName{"%nsmid", "", Special::kNsmid},
    SpecialName{"%gridid", "", Special::kGridid},
    SpecialName{"%lanemask_eq", "", Special::kLanemaskEq},
    SpecialName{"%lanemask_le", "", Special::kLanemaskLe},
    SpecialName{"%lanemask_lt", "", Special::kLanemaskLt},
    SpecialName{"%lanemask_ge", "", Special::kLanemaskGe},
    SpecialName{"%lanemask_gt", "", Special::kLanemaskGt},
    SpecialName{"%dynamic_smem_size", "", Special::kDynamicShared},
    SpecialName{"%total_smem_size", "", Special::kTotalShared},
};

// What run_clock answers, by name.
constexpr std::array<std::string_view, 3> kClocks = {"%clock", "%clock64", "%globaltimer"};

}  // namespace

Status Lowering::expect_operands(std::size_t least, std::size_t most) {
  const std::size_t count = now_->operands.size();
  if (count >= least && count <= most) return {};
  return error("has " + std::to_string(count) + " operands");
}

Result<Type> Lowering::need_type(Modifiers& words) {
  if (const auto type = words.type()) return *type;
  return error("a type is missing");
}

std::uint32_t Lowering::literal(const Operand& operand, Type type) {
  std::uint64_t bits = operand.bits;
  if (operand.kind == OperandKind::kFloat64 && bytes_of(type) == 4) {
    bits = std::bit_cast<std::uint32_t>(static_cast<float>(std::bit_cast<double>(bits)));
  } else if (operand.kind == OperandKind::kFloat32 && bytes_of(type) == 8) {
    const auto value = std::bit_cast<float>(static_cast<std::uint32_t>(bits));
    bits = std::bit_cast<std::uint64_t>(static_cast<double>(value));
  }
  return frame_.constant(bits, is_wide(type));
}

// A register of another width, as the type wants it: cut off, never made longer.
Result<std::uint32_t> Lowering::fit(std::uint32_t offset, bool wide, Type type) {
  if (wide == is_wide(type)) return offset;
  if (!wide) return error("a register is too narrow for the type");
  Instr instr = blank();
  instr.a = offset;
  instr.d[0] = frame_.temporary(false);
  TRY_STATUS(emit(OpKey{.op = Op::kNarrow, .type = Type::kB32}, instr));
  return instr.d[0];
}

Result<std::uint32_t> Lowering::special_source(const Operand& operand, Type type, bool& found) {
  found = true;
  for (const SpecialName& one : kSpecials) {
    if (one.name != operand.name || one.component != operand.component) continue;
    const std::uint32_t offset = frame_.special(one.special);
    if (one.special == Special::kGridid || !is_wide(type)) {
      return fit(offset, one.special == Special::kGridid, type);
    }
    Instr instr = blank();
    instr.a = offset;
    instr.d[0] = frame_.temporary(true);
    TRY_STATUS(emit(OpKey{.op = Op::kWiden, .type = Type::kU32}, instr));
    return instr.d[0];
  }
  for (std::size_t kind = 0; kind < kClocks.size(); ++kind) {
    if (kClocks.at(kind) != operand.name) continue;
    Instr instr = blank();
    instr.d[0] = frame_.temporary(kind != 0);
    instr.imm = kind;
    emit(run_clock, instr);
    return fit(instr.d[0], kind != 0, type);
  }
  if (operand.name == "WARP_SZ") return frame_.constant(kLanes, is_wide(type));
  found = false;
  return 0U;
}

Result<std::uint32_t> Lowering::named_source(const Operand& operand, Type type) {
  if (const auto found = frame_.find(operand.name); found && operand.component.empty()) {
    if (found->type == Type::kPred) return error("a predicate where a value is wanted");
    return fit(found->offset, is_wide(found->type), type);
  }
  bool found = false;
  TRY(const std::uint32_t offset, special_source(operand, type, found));
  if (!found) return error("unknown name " + std::string(operand.name));
  return offset;
}

Result<std::uint32_t> Lowering::source(const Operand& operand, Type type) {
  switch (operand.kind) {
    case OperandKind::kInteger:
    case OperandKind::kFloat32:
    case OperandKind::kFloat64:
      return literal(operand, type);
    case OperandKind::kName:
      if (operand.negated || !operand.second.empty() || operand.bits != 0) break;
      return named_source(operand, type);
    default:
      break;
  }
  return error("an operand of a kind that does not fit");
}

Result<std::uint32_t> Lowering::source(std::size_t index, Type type) {
  return source(now_->operands[index], type);
}

Result<std::uint32_t> Lowering::predicate_source(const Operand& operand) {
  if (operand.kind == OperandKind::kInteger) {
    // A predicate differs from itself nowhere.
    Instr instr = blank();
    instr.a = instr.b = instr.d[0] = frame_.temporary_predicate();
    TRY_STATUS(emit(OpKey{.op = Op::kPredXor, .type = Type::kPred}, instr));
    if (operand.bits == 0) return instr.d[0];
    TRY_STATUS(emit(OpKey{.op = Op::kPredNot, .type = Type::kPred}, instr));
    return instr.d[0];
  }
  const auto found = operand.kind == OperandKind::kName ? frame_.find(operand.name) : std::nullopt;
  if (!found || found->type != Type::kPred) return error("expected a predicate");
  if (!operand.negated) return found->offset;
  Instr instr = blank();
  instr.a = found->offset;
  instr.d[0] = frame_.temporary_predicate();
  TRY_STATUS(emit(OpKey{.op = Op::kPredNot, .type = Type::kPred}, instr));
  return instr.d[0];
}

Result<std::uint32_t> Lowering::destination_named(std::string_view name, Type type) {
  const auto found = frame_.find(name);
  if (!found || found->type == Type::kPred) {
    return error("its result does not go into a register that is known");
  }
  if (is_wide(found->type) == is_wide(type)) return found->offset;
  if (is_wide(type)) return error("the register of its result is too narrow");
  const std::uint32_t narrow = frame_.temporary(false);
  // An unsigned type fills up with zeros, bits too.
  Type from = without_bits(type);
  if (is_float(type)) from = bytes_of(type) == 2 ? Type::kU16 : Type::kU32;
  widen_.push_back(Widen{narrow, found->offset, from});
  return narrow;
}

Result<std::uint32_t> Lowering::destination(const Operand& operand, Type type) {
  if (operand.kind == OperandKind::kSink) return frame_.temporary(is_wide(type));
  if (operand.kind != OperandKind::kName) return error("its result needs a register");
  return destination_named(operand.name, type);
}

Result<std::uint32_t> Lowering::predicate_destination(std::string_view name) {
  if (name == "_") return kNoRegister;
  const auto found = frame_.find(name);
  if (!found || found->type != Type::kPred) return error("expected a predicate for the result");
  return found->offset;
}

std::uint32_t Lowering::local_address(std::uint32_t offset, bool generic) {
  Instr instr = blank();
  instr.d[0] = frame_.temporary(true);
  instr.imm = offset;
  instr.to_integer = generic;
  emit(run_local_address, instr);
  return instr.d[0];
}

Lowering::Place Lowering::local_place(std::uint32_t offset, Space space) {
  const bool generic = space == Space::kGeneric;
  return Place{generic ? Space::kGeneric : Space::kLocal, local_address(offset, generic), true, 0};
}

// The place of a variable, or nothing where no variable has the name.
Result<std::optional<Lowering::Place>> Lowering::symbol_place(std::string_view name, Space space) {
  const bool generic = space == Space::kGeneric;
  if (const LocalVariable* variable = frame_.variable(name)) {
    if (!generic && space != variable->space)
      return error(std::string(name) + " is in another space");
    return std::optional(local_place(variable->offset, space));
  }
  const ptx::Variable* shared = nullptr;
  if (const auto own = shared_names_.find(name); own != shared_names_.end()) shared = own->second;
  const auto common = kernel_.symbols().shared.find(name);
  if (shared == nullptr && common != kernel_.symbols().shared.end()) shared = common->second;
  if (shared != nullptr) {
    if (!generic && space != Space::kShared) return error(std::string(name) + " is in .shared");
    TRY(const std::uint32_t address, kernel_.shared_address(*shared, now_->line));
    const std::uint64_t start = address + (generic ? kSharedBase : 0);
    return std::optional(Place{space, frame_.constant(start, true), true, 0});
  }
  if (const auto offset = kernel_.parameter(name); offset && signature_.function->is_entry) {
    if (!generic && space != Space::kParam) return error(std::string(name) + " is in .param");
    const std::uint64_t start = *offset + (generic ? kParamBase : 0);
    return std::optional(Place{space, frame_.constant(start, true), true, 0});
  }
  const auto global = kernel_.symbols().addresses.find(name);
  if (global == kernel_.symbols().addresses.end()) return std::optional<Place>();
  if (space == Space::kShared || space == Space::kLocal || space == Space::kParam) {
    return error(std::string(name) + " is in device memory");
  }
  return std::optional(Place{space, frame_.constant(global->second, true), true, 0});
}

Result<Lowering::Place> Lowering::place(const Operand& operand, Space space) {
  if (operand.kind != OperandKind::kAddress) return error("expected an address in brackets");
  if (operand.name.empty()) return Place{space, frame_.constant(operand.bits, true), true, 0};
  if (const auto found = frame_.find(operand.name)) {
    if (found->type == Type::kPred || bytes_of(found->type) < 4) {
      return error("an address in a register that is too narrow");
    }
    if (space == Space::kParam && !signature_.function->is_entry) {
      return not_built("parameters of a function are read by name here");
    }
    return Place{space, found->offset, is_wide(found->type), operand.bits};
  }
  TRY(auto found, symbol_place(operand.name, space));
  if (!found) return error("unknown name " + std::string(operand.name));
  found->offset = operand.bits;
  return *found;
}

}  // namespace gpu_host
