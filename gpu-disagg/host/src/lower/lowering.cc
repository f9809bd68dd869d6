#include "lower/lowering.h"

#include "ptx/cursor.h"

namespace gpu_host {

using base::Status;

Lowering::Lowering(KernelBuilder& kernel, const Signature& signature)
    : kernel_(kernel), signature_(signature), program_(kernel.program()) {}

// The result in words that people know from the text: "ld.v8.f32".
base::Error Lowering::error(const std::string& what) const {
  std::string text(now_->opcode);
  for (const std::string_view word : now_->modifiers) text += "." + std::string(word);
  return ptx::error_at(now_->line, text + ": " + what);
}

base::Error Lowering::not_built(const std::string& what) const {
  base::Error found = error(what);
  found.code = base::ErrorCode::kUnsupported;
  return found;
}

Status Lowering::run() {
  const ptx::Function& function = *signature_.function;
  for (const auto* formals : {&function.results, &function.parameters}) {
    if (function.is_entry) break;
    for (const ptx::Parameter& parameter : *formals) {
      if (!parameter.in_register) {
        TRY_STATUS(frame_.declare(parameter.variable));
      } else {
        const ptx::Variable& variable = parameter.variable;
        TRY_STATUS(frame_.declare(ptx::Registers{variable.line, variable.type, variable.name, 0}));
      }
    }
  }
  for (const ptx::Statement& one : function.body) TRY_STATUS(statement(one));
  // A body may end without a word.
  Instr last;
  last.line = function.line;
  last.run = function.is_entry ? run_exit : run_return;
  program_.code.push_back(last);
  if (program_.code.size() > kernel_.instructions_most()) {
    return ptx::unsupported_at(function.line, "a kernel of more instructions than are taken");
  }
  if (frame_.overflowed()) {
    return ptx::unsupported_at(function.line,
                               "function " + std::string(function.name) +
                                   " needs more registers or local memory than is built here");
  }
  return resolve_labels();
}

Status Lowering::statement(const ptx::Statement& statement) {
  if (const auto* one = std::get_if<ptx::Instruction>(&statement)) return instruction(*one);
  if (const auto* one = std::get_if<ptx::Registers>(&statement)) return frame_.declare(*one);
  if (const auto* one = std::get_if<ptx::Variable>(&statement)) return declare(*one);
  if (const auto* one = std::get_if<ptx::Label>(&statement)) return label(*one);
  if (std::get<ptx::Brace>(statement) == ptx::Brace::kOpen) {
    frame_.open();
  } else {
    frame_.close();
  }
  return {};
}

Status Lowering::declare(const ptx::Variable& variable) {
  if (variable.space != Space::kShared) return frame_.declare(variable);
  shared_names_[variable.name] = &shared_.emplace_back(variable);
  return {};
}

Status Lowering::label(const ptx::Label& label) {
  const auto at = static_cast<std::uint32_t>(program_.code.size());
  if (!labels_.try_emplace(label.name, at).second) {
    return ptx::error_at(label.line, "label " + std::string(label.name) + " is there twice");
  }
  return {};
}

Status Lowering::resolve_labels() {
  for (const Jump& jump : jumps_) {
    const auto found = labels_.find(jump.label);
    if (found == labels_.end()) {
      return ptx::error_at(jump.line, "no label " + std::string(jump.label));
    }
    program_.code[jump.instruction].target = found->second;
  }
  return {};
}

// Those that end, wait or call: a guard makes a jump around them, so that who does not take part
// goes on.
bool Lowering::is_control(std::string_view opcode) {
  for (const std::string_view one : {"call", "ret", "exit", "trap", "bar", "barrier", "shfl",
                                     "vote", "match", "redux", "nanosleep"}) {
    if (opcode == one) return true;
  }
  return false;
}

Status Lowering::instruction(const ptx::Instruction& instruction) {
  now_ = &instruction;
  const auto rule = rules().find(instruction.opcode);
  if (rule == rules().end()) return not_built("this instruction is not built here");
  if (program_.code.size() >= kernel_.instructions_most()) {
    return ptx::unsupported_at(instruction.line, "a kernel of more instructions than are taken");
  }
  if (instruction.guard.empty() || instruction.opcode == "bra") return run_rule(rule->second);
  const auto guard = frame_.find(instruction.guard);
  if (!guard || guard->type != Type::kPred) return error("its guard is no predicate");
  const std::size_t first = program_.code.size();
  if (!is_control(instruction.opcode)) {
    TRY_STATUS(run_rule(rule->second));
    guard_from(first);
    return {};
  }
  Instr around = blank();
  around.guard = guard->offset;
  around.negated = !instruction.guard_negated;
  emit(run_branch, around);
  TRY_STATUS(run_rule(rule->second));
  program_.code[first].target = static_cast<std::uint32_t>(program_.code.size());
  return {};
}

Status Lowering::run_rule(Rule rule) {
  Modifiers words(now_->modifiers);
  TRY_STATUS((this->*rule)(words));
  TRY_STATUS(finish(words));
  for (const Widen& widen : widen_) {
    Instr instr = blank();
    instr.d[0] = widen.to;
    instr.a = widen.from;
    TRY_STATUS(emit(OpKey{.op = Op::kWiden, .type = widen.type}, instr));
  }
  widen_.clear();
  frame_.end_statement();
  return {};
}

void Lowering::guard_from(std::size_t first) {
  const auto guard = frame_.find(now_->guard);
  for (std::size_t at = first; at < program_.code.size(); ++at) {
    Instr& instr = program_.code[at];
    instr.inner = instr.run;
    instr.run = run_guarded;
    instr.guard = guard->offset;
    instr.guard_negated = now_->guard_negated;
  }
}

Instr Lowering::blank() const {
  Instr instr;
  instr.line = now_->line;
  return instr;
}

void Lowering::emit(Handler handler, Instr instr) {
  instr.run = handler;
  program_.code.push_back(instr);
}

Status Lowering::emit(const OpKey& key, Instr instr) {
  const Handler handler = select_lanes(key);
  if (handler == nullptr) return not_built("not built for this type");
  emit(handler, instr);
  return {};
}

Status Lowering::finish(Modifiers& words) {
  if (words.done()) return {};
  return not_built("modifier ." + std::string(words.now()) + " is not built here");
}

}  // namespace gpu_host
