#include "device/module.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/result.h"
#include "lower/lower.h"
#include "ptx/cursor.h"
#include "ptx/parser.h"

namespace gpu_host {
namespace {

using base::Result;
using base::Status;
using gpu_device::CuResult;

// 200 bytes each, of all kernels together; functions count once for each kernel that reaches them.
constexpr std::size_t kInstructionsMost = 1 << 20;
// The newest that is read here; later ones have instructions that would be refused one by one.
constexpr std::uint32_t kVersionMost = 90;

class Loader {
 public:
  Loader(const ptx::Module& source, Arena& arena, LoadedModule& module)
      : source_(source), arena_(arena), module_(module) {}

  Status run() {
    TRY_STATUS(place_variables());
    for (const ptx::Variable& variable : source_.variables) TRY_STATUS(initialize(variable));
    for (const ptx::Function& function : source_.functions) {
      // A declaration may stand before the definition.
      auto& known = symbols_.functions[function.name];
      if (known == nullptr || !known->has_body) known = &function;
    }
    for (const ptx::Function& function : source_.functions) {
      if (function.is_entry && function.has_body) TRY_STATUS(add_kernel(function));
    }
    return {};
  }

 private:
  Status place_variables() {
    for (const ptx::Variable& variable : source_.variables) {
      if (variable.space == Space::kShared) {
        symbols_.shared[variable.name] = &variable;
        continue;
      }
      if (variable.external || variable.bytes == 0) {
        return ptx::unsupported_at(
            variable.line, "variable " + std::string(variable.name) + " is not in this module");
      }
      const auto address = arena_.allocate(variable.bytes, gpu_device::MemoryKind::kGlobal);
      if (!address.ok()) {
        return base::Error{base::ErrorCode::kNoSpace,
                           "no memory for variable " + std::string(variable.name)};
      }
      module_.globals.push_back({std::string(variable.name), *address, variable.bytes});
      if (variable.space == Space::kConst) const_bytes_ += variable.bytes;
      if (!symbols_.addresses.try_emplace(variable.name, *address).second) {
        return ptx::error_at(variable.line,
                             "variable " + std::string(variable.name) + " is there twice");
      }
    }
    return {};
  }

  Result<std::uint64_t> value_of(const ptx::Initial& initial, const ptx::Variable& variable) {
    const unsigned bytes = bytes_of(variable.type);
    switch (initial.kind) {
      case ptx::OperandKind::kFloat64:
        if (bytes != 4) return initial.bits;
        return std::uint64_t{
            std::bit_cast<std::uint32_t>(static_cast<float>(std::bit_cast<double>(initial.bits)))};
      case ptx::OperandKind::kFloat32:
        if (bytes != 8) return initial.bits;
        return std::bit_cast<std::uint64_t>(
            static_cast<double>(std::bit_cast<float>(static_cast<std::uint32_t>(initial.bits))));
      case ptx::OperandKind::kName:
        break;
      default:
        return initial.bits;
    }
    const auto found = symbols_.addresses.find(initial.symbol);
    if (found == symbols_.addresses.end() || bytes != 8) {
      return ptx::unsupported_at(variable.line,
                                 "variable " + std::string(variable.name) +
                                     " begins with something that is not built here");
    }
    return found->second + initial.bits;
  }

  Status initialize(const ptx::Variable& variable) {
    if (variable.initial.empty()) return {};
    const unsigned bytes = bytes_of(variable.type);
    if (variable.space == Space::kShared || variable.initial.size() * bytes > variable.bytes) {
      return ptx::error_at(variable.line, "variable " + std::string(variable.name) +
                                              " begins with more than it has room for");
    }
    std::byte* at = arena_.host(symbols_.addresses.at(variable.name), variable.bytes);
    for (const ptx::Initial& initial : variable.initial) {
      TRY(const std::uint64_t value, value_of(initial, variable));
      std::memcpy(at, &value, bytes);
      at += bytes;
    }
    return {};
  }

  Status add_kernel(const ptx::Function& function) {
    const std::size_t left = kInstructionsMost - std::min(kInstructionsMost, instructions_);
    TRY(Program program, lower_kernel(function, symbols_, left));
    instructions_ += program.code.size();
    LoadedKernel kernel;
    kernel.const_bytes = const_bytes_;
    kernel.ptx_version = source_.version;
    const auto& most = function.threads_most;
    if (most[0] != 0) kernel.threads_most = std::min(1024U, most[0] * most[1] * most[2]);
    const auto& exact = function.threads_required;
    if (exact[0] != 0) {
      kernel.threads_exact = true;
      kernel.threads = {exact[0], exact[1], exact[2]};
      kernel.threads_most = std::min(1024U, exact[0] * exact[1] * exact[2]);
    }
    std::uint32_t end = 0;
    for (const ptx::Parameter& parameter : function.parameters) {
      const ptx::Variable& variable = parameter.variable;
      end = (end + variable.alignment - 1) & ~(variable.alignment - 1);
      kernel.parameters.push_back({end, static_cast<std::uint32_t>(variable.bytes)});
      end += static_cast<std::uint32_t>(variable.bytes);
    }
    kernel.program = std::make_shared<const Program>(std::move(program));
    module_.kernels.push_back(std::move(kernel));
    return {};
  }

  const ptx::Module& source_;
  Arena& arena_;
  LoadedModule& module_;
  Symbols symbols_;
  std::size_t instructions_ = 0;
  std::uint64_t const_bytes_ = 0;
};

CuResult result_of(const base::Error& error) {
  return error.code == base::ErrorCode::kNoSpace ? CuResult::kOutOfMemory : CuResult::kInvalidPtx;
}

}  // namespace

CuResult load_module(const std::string& ptx, Arena& arena, LoadedModule& module, std::string& log) {
  const auto source = ptx::parse(ptx);
  if (!source.ok()) {
    log = source.error().message;
    return result_of(source.error());
  }
  if (source->version > kVersionMost) {
    log = "PTX of version " + std::to_string(source->version / 10) + "." +
          std::to_string(source->version % 10) + " is newer than what is read here";
    return CuResult::kUnsupportedPtxVersion;
  }
  if (const Status loaded = Loader(*source, arena, module).run(); !loaded.ok()) {
    log = loaded.error().message;
    unload_module(arena, module);
    module = {};
    return result_of(loaded.error());
  }
  return CuResult::kSuccess;
}

void unload_module(Arena& arena, const LoadedModule& module) {
  for (const auto& global : module.globals)
    arena.free(global.address, gpu_device::MemoryKind::kGlobal);
}

}  // namespace gpu_host
