// Branches, calls, and what lanes and warps do together.
#include "lower/lowering.h"

namespace gpu_host {

using base::Status;
using ptx::Operand;
using ptx::OperandKind;

Status Lowering::bra(Modifiers& words) {
  words.take("uni");
  TRY_STATUS(expect_operands(1, 1));
  jumps_.push_back(Jump{program_.code.size(), now_->operands[0].name, now_->line});
  Instr instr = blank();
  if (now_->guard.empty()) {
    emit(run_jump, instr);
    return {};
  }
  const auto guard = frame_.find(now_->guard);
  if (!guard || guard->type != Type::kPred) return error("its guard is no predicate");
  instr.guard = guard->offset;
  instr.negated = now_->guard_negated;
  emit(run_branch, instr);
  return {};
}

Status Lowering::ret(Modifiers& words) {
  words.take("uni");
  emit(signature_.function->is_entry ? run_exit : run_return, blank());
  return expect_operands(0, 0);
}

Status Lowering::exit(Modifiers& /*words*/) {
  emit(run_exit, blank());
  return expect_operands(0, 0);
}

Status Lowering::trap(Modifiers& /*words*/) {
  emit(run_trap, blank());
  return expect_operands(0, 0);
}

// One argument on its way to a parameter, or a result on its way back.
Status Lowering::pass(const Operand& operand, const Formal& formal, bool result,
                      std::vector<Passed>& out) {
  if (formal.bytes == 0) return not_built("parameters of this type are not built here");
  Passed passed;
  passed.bytes = formal.bytes;
  std::uint32_t here = 0;
  bool here_register = false;
  if (const LocalVariable* variable =
          operand.kind == OperandKind::kName ? frame_.variable(operand.name) : nullptr) {
    if (variable->bytes != formal.bytes)
      return error("an argument of another size than the parameter");
    here = variable->offset;
  } else {
    here_register = true;
    if (result) {
      TRY(here, destination(operand, formal.type));
      if (!widen_.empty()) return error("a result of another size than the register");
    } else {
      TRY(here, source(operand, formal.type));
    }
  }
  if ((here_register || formal.in_register) && formal.bytes != bytes_of(formal.type)) {
    return not_built("a register cannot hold this parameter");
  }
  passed.from = result ? formal.offset : here;
  passed.to = result ? here : formal.offset;
  passed.from_register = result ? formal.in_register : here_register;
  passed.to_register = result ? here_register : formal.in_register;
  out.push_back(passed);
  return {};
}

// vprintf and __assertfail, which every program may call without having them.
Status Lowering::call_builtin(std::string_view name, const Operand* results,
                              const Operand* arguments, bool& done) {
  const bool prints = name == "vprintf";
  if (!prints && name != "__assertfail") return {};
  done = true;
  const std::vector<std::uint32_t> sizes =
      prints ? std::vector<std::uint32_t>{8, 8} : std::vector<std::uint32_t>{8, 8, 4, 8, 8};
  if (arguments == nullptr || arguments->parts.size() != sizes.size()) {
    return error("a wrong number of arguments");
  }
  CallSite site;
  site.builtin = prints ? Builtin::kPrint : Builtin::kAssertFail;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    Formal formal;
    formal.type = sizes[i] == 8 ? Type::kB64 : Type::kB32;
    formal.bytes = sizes[i];
    TRY_STATUS(pass(arguments->parts[i], formal, false, site.arguments));
  }
  if (results != nullptr && results->parts.size() == 1) {
    Formal formal;
    formal.type = Type::kB32;
    formal.bytes = 4;
    TRY_STATUS(pass(results->parts[0], formal, true, site.results));
  }
  Instr instr = blank();
  instr.target = static_cast<std::uint32_t>(program_.calls.size());
  program_.calls.push_back(std::move(site));
  emit(run_builtin, instr);
  return {};
}

Status Lowering::call(Modifiers& words) {
  words.take("uni");
  const auto& operands = now_->operands;
  std::size_t at = 0;
  const Operand* results = nullptr;
  const Operand* arguments = nullptr;
  if (at < operands.size() && operands[at].kind == OperandKind::kList) results = &operands[at++];
  if (at == operands.size() || operands[at].kind != OperandKind::kName)
    return error("calls nothing");
  const std::string_view name = operands[at++].name;
  if (at < operands.size() && operands[at].kind == OperandKind::kList) arguments = &operands[at++];
  if (at != operands.size() || frame_.find(name)) {
    return not_built("calls through a register are not built here");
  }
  bool done = false;
  TRY_STATUS(call_builtin(name, results, arguments, done));
  if (done) return {};
  const auto found = kernel_.symbols().functions.find(name);
  if (found == kernel_.symbols().functions.end() || !found->second->has_body) {
    return error("function " + std::string(name) + " is not in this module");
  }
  if (found->second->is_entry) return not_built("a kernel cannot be called");
  const Signature& callee = kernel_.signature(*found->second);
  const std::size_t given = arguments == nullptr ? 0 : arguments->parts.size();
  const std::size_t wanted = results == nullptr ? 0 : results->parts.size();
  if (given != callee.parameters.size() || wanted != callee.results.size()) {
    return error("a wrong number of arguments or results");
  }
  CallSite site;
  site.function = callee.index;
  for (std::size_t i = 0; i < given; ++i) {
    TRY_STATUS(pass(arguments->parts[i], callee.parameters[i], false, site.arguments));
  }
  for (std::size_t i = 0; i < wanted; ++i) {
    TRY_STATUS(pass(results->parts[i], callee.results[i], true, site.results));
  }
  Instr instr = blank();
  instr.target = static_cast<std::uint32_t>(program_.calls.size());
  program_.calls.push_back(std::move(site));
  emit(run_call, instr);
  return {};
}

Status Lowering::bar_kind(Modifiers& words, BarrierKind& kind) {
  words.take("cta");
  if (words.take("arrive")) {
    kind = BarrierKind::kArrive;
  } else if (words.take("red")) {
    const auto found = words.one_of<BarrierKind>(
        {{"popc", BarrierKind::kPopc}, {"and", BarrierKind::kAnd}, {"or", BarrierKind::kOr}});
    if (!found) return error("a reduction is missing");
    kind = *found;
  } else if (!words.take("sync")) {
    return error("neither .sync nor .arrive nor .red");
  }
  words.take("aligned");
  if (kind >= BarrierKind::kPopc) TRY_STATUS(need_type(words));
  return {};
}

Status Lowering::bar(Modifiers& words) {
  if (words.take("warp")) {
    if (!words.take("sync")) return error("only .sync");
    TRY_STATUS(expect_operands(1, 1));
    Instr instr = blank();
    TRY_STATUS(member_mask(instr, true, 0));
    emit(run_warp_sync, instr);
    return {};
  }
  BarrierKind kind = BarrierKind::kSync;
  TRY_STATUS(bar_kind(words, kind));
  const bool reduces = kind >= BarrierKind::kPopc;
  // What stands around the barrier's number and its count of threads.
  const std::size_t first = reduces ? 1 : 0, last = reduces ? 1 : 0;
  TRY_STATUS(expect_operands(first + 1 + last, first + 2 + last));
  Instr instr = blank();
  instr.imm = static_cast<std::uint64_t>(kind);
  instr.count = static_cast<std::uint8_t>(now_->operands.size() - first - last);
  if (kind == BarrierKind::kArrive && instr.count != 2) return error("how many threads is missing");
  TRY(instr.a, source(first, Type::kU32));
  if (instr.count == 2) {
    TRY(instr.b, source(first + 1, Type::kU32));
  }
  if (reduces) {
    TRY(instr.c, predicate_source(now_->operands.back()));
    if (kind == BarrierKind::kPopc) {
      TRY(instr.d[0], destination(now_->operands[0], Type::kU32));
    } else {
      TRY(instr.d[0], predicate_destination(now_->operands[0].name));
    }
  }
  emit(run_barrier, instr);
  return {};
}

Status Lowering::member_mask(Instr& instr, bool sync, std::size_t index) {
  if (!sync) return {};
  TRY(instr.d[3], source(index, Type::kU32));
  return {};
}

Status Lowering::shfl(Modifiers& words) {
  const bool sync = words.take("sync");
  const auto mode = words.one_of<Shuffle>({{"up", Shuffle::kUp},
                                           {"down", Shuffle::kDown},
                                           {"bfly", Shuffle::kButterfly},
                                           {"idx", Shuffle::kIndex}});
  if (!mode) return error("a mode is missing");
  TRY(const Type type, need_type(words));
  if (bytes_of(type) != 4) return not_built("not built for this type");
  TRY_STATUS(expect_operands(sync ? 5 : 4, sync ? 5 : 4));
  Instr instr = blank();
  instr.imm = static_cast<std::uint64_t>(*mode);
  TRY(instr.a, source(1, type));
  TRY(instr.b, source(2, Type::kU32));
  TRY(instr.c, source(3, Type::kU32));
  TRY_STATUS(member_mask(instr, sync, 4));
  const Operand& to = now_->operands[0];
  TRY(instr.d[0], destination(to, type));
  if (!to.second.empty()) {
    TRY(instr.d[1], predicate_destination(to.second));
  }
  emit(run_shuffle, instr);
  return {};
}

Status Lowering::vote(Modifiers& words) {
  const bool sync = words.take("sync");
  const auto kind = words.one_of<Vote>({{"all", Vote::kAll},
                                        {"any", Vote::kAny},
                                        {"uni", Vote::kUniform},
                                        {"ballot", Vote::kBallot}});
  if (!kind) return error("what is voted is missing");
  TRY(const Type type, need_type(words));
  TRY_STATUS(expect_operands(sync ? 3 : 2, sync ? 3 : 2));
  Instr instr = blank();
  instr.imm = static_cast<std::uint64_t>(*kind);
  if (type != (*kind == Vote::kBallot ? Type::kB32 : Type::kPred)) {
    return not_built("not built for this type");
  }
  TRY(instr.a, predicate_source(now_->operands[1]));
  TRY_STATUS(member_mask(instr, sync, 2));
  if (*kind == Vote::kBallot) {
    TRY(instr.d[0], destination(now_->operands[0], type));
  } else {
    TRY(instr.d[0], predicate_destination(now_->operands[0].name));
  }
  emit(run_vote, instr);
  return {};
}

Status Lowering::match(Modifiers& words) {
  const bool all = words.take("all");
  if (!all && !words.take("any")) return error("neither .any nor .all");
  if (!words.take("sync")) return error("only .sync");
  TRY(const Type type, need_type(words));
  if (type != Type::kB32 && type != Type::kB64) return not_built("not built for this type");
  TRY_STATUS(expect_operands(3, 3));
  Instr instr = blank();
  instr.imm = all ? 1 : 0;
  instr.count = static_cast<std::uint8_t>(bytes_of(type));
  TRY(instr.a, source(1, type));
  TRY_STATUS(member_mask(instr, true, 2));
  const Operand& to = now_->operands[0];
  TRY(instr.d[0], destination(to, Type::kB32));
  if (!to.second.empty()) {
    TRY(instr.d[1], predicate_destination(to.second));
  }
  emit(run_match, instr);
  return {};
}

Status Lowering::redux(Modifiers& words) {
  if (!words.take("sync")) return error("only .sync");
  const std::string_view word = words.now();
  auto kind = words.one_of<Reduce>({{"add", Reduce::kAdd},
                                    {"min", Reduce::kMinU},
                                    {"max", Reduce::kMaxU},
                                    {"and", Reduce::kAnd},
                                    {"or", Reduce::kOr},
                                    {"xor", Reduce::kXor}});
  if (!kind) return error("what is reduced is missing");
  TRY(const Type type, need_type(words));
  if (bytes_of(type) != 4 || is_float(type)) return not_built("not built for this type");
  if (type == Type::kS32 && word == "min") kind = Reduce::kMinS;
  if (type == Type::kS32 && word == "max") kind = Reduce::kMaxS;
  TRY_STATUS(expect_operands(3, 3));
  Instr instr = blank();
  instr.imm = static_cast<std::uint64_t>(*kind);
  TRY(instr.a, source(1, type));
  TRY_STATUS(member_mask(instr, true, 2));
  TRY(instr.d[0], destination(now_->operands[0], type));
  emit(run_redux, instr);
  return {};
}

Status Lowering::activemask(Modifiers& words) {
  TRY(const Type type, need_type(words));
  if (type != Type::kB32) return not_built("not built for this type");
  TRY_STATUS(expect_operands(1, 1));
  Instr instr = blank();
  TRY(instr.d[0], destination(now_->operands[0], type));
  emit(run_activemask, instr);
  return {};
}

Status Lowering::nanosleep(Modifiers& words) {
  TRY_STATUS(need_type(words));
  TRY_STATUS(expect_operands(1, 1));
  emit(run_nanosleep, blank());
  return {};
}

}  // namespace gpu_host
