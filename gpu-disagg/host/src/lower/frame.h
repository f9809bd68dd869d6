// Where a function's registers, constants and local variables lie in its frame.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "ptx/syntax.h"
#include "run/program.h"

namespace gpu_host {

struct Register {
  Type type = Type::kNone;
  std::uint32_t offset = 0;
};

// A .local variable, a .param one of a call, or a parameter of a function, in local memory.
struct LocalVariable {
  Space space = Space::kLocal;
  std::uint32_t offset = 0;
  std::uint32_t bytes = 0;
};

inline bool is_wide(Type type) { return bytes_of(type) == 8; }

class Frame {
 public:
  Frame() : scopes_(1) {}

  void open() { scopes_.emplace_back().local_mark = local_bytes_; }
  // False when there is none to close.
  bool close();

  base::Status declare(const ptx::Registers& registers);
  base::Status declare(const ptx::Variable& variable);
  const LocalVariable* variable(std::string_view name) const;
  // Gives it its place at its first use.
  std::optional<Register> find(std::string_view name);

  std::uint32_t add_register(Type type);
  std::uint32_t add_local(std::uint64_t bytes, std::uint32_t alignment);
  std::uint32_t constant(std::uint64_t bits, bool wide);
  std::uint32_t special(Special special);
  // A register until the end of the statement.
  std::uint32_t temporary(bool wide);
  std::uint32_t temporary_predicate();
  void end_statement() { used_ = {0, 0, 0}; }

  std::uint32_t bytes() const { return bytes_; }
  std::uint32_t local_bytes() const { return local_most_; }
  std::uint32_t registers() const { return registers_; }
  FunctionCode& code() { return code_; }
  bool overflowed() const { return overflowed_; }

 private:
  struct Scope {
    std::unordered_map<std::string_view, Register> registers;
    std::unordered_map<std::string_view, ptx::Registers> ranges;
    std::unordered_map<std::string_view, LocalVariable> variables;
    std::uint32_t local_mark = 0;
  };

  std::uint32_t place(std::uint32_t bytes);
  std::uint32_t pooled(std::size_t pool, Type type);
  static std::optional<Register> in_range(Frame& frame, Scope& scope, std::string_view name);

  std::vector<Scope> scopes_;
  std::uint32_t bytes_ = 0;
  std::uint32_t predicates_left_ = 0, predicate_next_ = 0;
  std::uint32_t local_bytes_ = 0, local_most_ = 0;
  std::uint32_t registers_ = 0;
  bool overflowed_ = false;
  std::map<std::pair<std::uint64_t, bool>, std::uint32_t> constants_;
  std::map<Special, std::uint32_t> specials_;
  std::vector<std::uint32_t> pools_[3];
  std::array<std::size_t, 3> used_{};
  FunctionCode code_;
};

}  // namespace gpu_host
