// PTX as the parser found it: names are still names. Text points into the source.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "ptx/type.h"

namespace gpu_host::ptx {

enum class OperandKind : std::uint8_t {
  kName,     // register, variable, label or function
  kInteger,  // bits
  kFloat32,  // bits
  kFloat64,  // bits
  kVector,   // {a, b, c, d}
  kAddress,  // [name + bits], [name], [bits]
  kList,     // (a, b) of a call
  kSink,     // _
};

struct Operand {
  OperandKind kind = OperandKind::kName;
  std::string_view name;
  std::string_view component;  // x of %tid.x
  std::string_view second;     // q of p|q
  bool negated = false;        // !p
  std::uint64_t bits = 0;      // the value, or an address's offset
  std::vector<Operand> parts;  // of kVector and kList: scalars
};

struct Instruction {
  std::uint32_t line = 0;
  std::string_view guard;  // name of the predicate; empty without one
  bool guard_negated = false;
  std::string_view opcode;
  std::vector<std::string_view> modifiers;
  std::vector<Operand> operands;
};

// One of the values that a variable begins with: a number, or the address of a variable.
struct Initial {
  OperandKind kind = OperandKind::kInteger;
  std::uint64_t bits = 0;   // the number, or what is added to the address
  std::string_view symbol;  // of kName
};

struct Variable {
  std::uint32_t line = 0;
  Space space = Space::kGlobal;
  Type type = Type::kB8;
  std::string_view name;
  std::uint32_t alignment = 1;
  std::uint64_t bytes = 0;  // of the whole; 0 is `[]`
  bool external = false;
  std::vector<Initial> initial;
};

// `.reg .b32 %r<10>` or one name.
struct Registers {
  std::uint32_t line = 0;
  Type type = Type::kB32;
  std::string_view name;
  std::uint32_t count = 0;  // 0 where it is one name
};

struct Label {
  std::uint32_t line = 0;
  std::string_view name;
};

enum class Brace : std::uint8_t { kOpen, kClose };

using Statement = std::variant<Instruction, Registers, Variable, Label, Brace>;

// Of a function: in a register or in parameter memory.
struct Parameter {
  Variable variable;
  bool in_register = false;
};

struct Function {
  std::uint32_t line = 0;
  std::string_view name;
  bool is_entry = false;
  bool has_body = false;
  std::vector<Parameter> results;
  std::vector<Parameter> parameters;
  std::array<std::uint32_t, 3> threads_most{};      // .maxntid
  std::array<std::uint32_t, 3> threads_required{};  // .reqntid
  std::vector<Statement> body;
};

struct Module {
  std::uint32_t version = 0;  // 60 for 6.0
  std::uint32_t target = 0;   // 70 for sm_70
  std::vector<Variable> variables;
  std::vector<Function> functions;
};

}  // namespace gpu_host::ptx
