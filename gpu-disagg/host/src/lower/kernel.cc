#include <algorithm>

#include "lower/lower.h"
#include "lower/lowering.h"
#include "ptx/cursor.h"

namespace gpu_host {
namespace {

using base::Result;
using base::Status;

constexpr std::uint64_t kSharedBytesMost = 96 << 10;
constexpr std::uint64_t kParameterBytesMost = 32764;

std::uint64_t aligned(std::uint64_t offset, std::uint64_t alignment) {
  return (offset + alignment - 1) & ~(alignment - 1);
}

// The frame of the function itself does the same, first of all: both come to the same places.
void add_formals(const std::vector<ptx::Parameter>& parameters, Frame& frame,
                 std::vector<Formal>& out) {
  for (const auto& [variable, in_register] : parameters) {
    Formal formal{variable.name, variable.type, 0, static_cast<std::uint32_t>(variable.bytes),
                  in_register};
    formal.offset = in_register ? frame.add_register(variable.type)
                                : frame.add_local(variable.bytes, variable.alignment);
    out.push_back(formal);
  }
}

}  // namespace

Status KernelBuilder::place_parameters() {
  std::uint64_t end = 0;
  for (const ptx::Parameter& parameter : kernel_->parameters) {
    const ptx::Variable& variable = parameter.variable;
    end = aligned(end, variable.alignment);
    parameters_[variable.name] = static_cast<std::uint32_t>(end);
    end += variable.bytes;
    if (end > kParameterBytesMost) {
      return ptx::error_at(kernel_->line, "more than 32764 bytes of parameters");
    }
  }
  program_.parameter_bytes = static_cast<std::uint32_t>(end);
  return {};
}

std::optional<std::uint32_t> KernelBuilder::parameter(std::string_view name) const {
  const auto found = parameters_.find(name);
  if (found == parameters_.end()) return std::nullopt;
  return found->second;
}

Result<std::uint32_t> KernelBuilder::shared_address(const ptx::Variable& variable,
                                                    std::uint32_t line) {
  const auto [found, added] = shared_.try_emplace(&variable, 0);
  if (!added) return found->second;
  if (variable.bytes == 0) {
    dynamic_used_ = true;
    found->second = dynamic_start_;
    return found->second;
  }
  const std::uint64_t start = aligned(program_.shared_bytes, std::max(variable.alignment, 16U));
  if (start + variable.bytes > kSharedBytesMost) {
    return ptx::error_at(line, "more than 96 KiB of shared memory");
  }
  found->second = static_cast<std::uint32_t>(start);
  program_.shared_bytes = static_cast<std::uint32_t>(start + variable.bytes);
  return found->second;
}

const Signature& KernelBuilder::signature(const ptx::Function& function) {
  const auto [found, added] = known_.try_emplace(&function, signatures_.size());
  if (!added) return signatures_[found->second];
  Signature& made = signatures_.emplace_back();
  made.index = static_cast<std::uint32_t>(found->second);
  made.function = &function;
  if (function.is_entry) return made;
  Frame frame;
  add_formals(function.results, frame, made.results);
  add_formals(function.parameters, frame, made.parameters);
  return made;
}

Result<Program> KernelBuilder::build(const ptx::Function& kernel) {
  kernel_ = &kernel;
  program_.name = kernel.name;
  TRY_STATUS(place_parameters());
  signature(kernel);
  // Lowering one function finds others.
  for (std::size_t at = 0; at < signatures_.size(); ++at) {
    const auto entry = static_cast<std::uint32_t>(program_.code.size());
    Lowering lowering(*this, signatures_[at]);
    TRY_STATUS(lowering.run());
    FunctionCode code = lowering.take_code();
    code.entry = entry;
    program_.functions.push_back(std::move(code));
    program_.frame_bytes = std::max(program_.frame_bytes, (lowering.frame().bytes() + 63) & ~63U);
    program_.local_bytes =
        std::max(program_.local_bytes, (lowering.frame().local_bytes() + 15) & ~15U);
    program_.registers = std::max(program_.registers, lowering.frame().registers());
  }
  program_.has_calls = signatures_.size() > 1;
  return std::move(program_);
}

Result<Program> lower_kernel(const ptx::Function& kernel, const Symbols& symbols,
                             std::size_t instructions_most) {
  KernelBuilder first(symbols, instructions_most, 0);
  TRY(Program program, first.build(kernel));
  if (!first.uses_dynamic_shared()) return program;
  // Where shared memory of a size that the launch says begins is known only now.
  const auto start = static_cast<std::uint32_t>(aligned(program.shared_bytes, 16));
  return KernelBuilder(symbols, instructions_most, start).build(kernel);
}

}  // namespace gpu_host
