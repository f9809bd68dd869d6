#include "ptx/variable.h"

#include <bit>

namespace gpu_host::ptx {
namespace {

using base::Result;
using base::Status;

constexpr std::uint64_t kBytesMost = std::uint64_t{1} << 32;
constexpr std::uint32_t kRegistersMost = 65536;
constexpr std::size_t kParametersMost = 8192;
constexpr int kNestingMost = 8;

Status parse_alignment(Cursor& cursor, Variable& variable) {
  TRY(const std::uint64_t alignment, cursor.integer(256));
  if (!std::has_single_bit(alignment)) return cursor.error("an alignment is a power of two");
  variable.alignment = static_cast<std::uint32_t>(alignment);
  return {};
}

// `.align 8 .v4 .f32`, in any order that compilers write.
Result<unsigned> parse_attributes(Cursor& cursor, Variable& variable) {
  unsigned elements = 1;
  bool aligned = false;
  while (cursor.now().kind == TokenKind::kDotted) {
    const Token token = cursor.take();
    if (token.text == "align") {
      TRY_STATUS(parse_alignment(cursor, variable));
      aligned = true;
    } else if (token.text == "v2" || token.text == "v4") {
      elements = token.text == "v2" ? 2 : 4;
    } else if (const auto type = type_of(token.text)) {
      variable.type = *type;
    } else if (token.text == "ptr") {
      // What a pointer points at is a hint: `.ptr .global .align 4`.
      if (cursor.now().kind == TokenKind::kDotted && space_of(cursor.now().text)) cursor.take();
      if (cursor.take_dotted("align")) TRY_STATUS(cursor.integer(1 << 20));
    } else {
      return unsupported_at(
          token.line, "variable attribute ." + std::string(token.text) + " is not built here");
    }
  }
  if (!aligned) variable.alignment = std::max(1U, bytes_of(variable.type) * elements);
  return elements;
}

Status parse_dimensions(Cursor& cursor, std::uint64_t element_bytes, Variable& variable) {
  variable.bytes = element_bytes;
  while (cursor.take_if('[')) {
    std::uint64_t count = 0;
    if (!cursor.now().is(']')) {
      TRY(count, cursor.integer(kBytesMost));
    }
    TRY_STATUS(cursor.expect(']'));
    // Both are below 2^33, so the product does not go round.
    variable.bytes *= count;
    if (variable.bytes > kBytesMost) return cursor.error("a variable is too large");
  }
  return {};
}

Result<Initial> parse_initial_value(Cursor& cursor) {
  Initial initial;
  const bool negative = cursor.take_if('-');
  const Token token = cursor.take();
  initial.bits = token.bits;
  switch (token.kind) {
    case TokenKind::kInteger:
      if (negative) initial.bits = 0 - token.bits;
      return initial;
    case TokenKind::kFloat32:
      initial.kind = OperandKind::kFloat32;
      if (negative) initial.bits ^= 0x80000000U;
      return initial;
    case TokenKind::kFloat64:
      initial.kind = OperandKind::kFloat64;
      if (negative) initial.bits ^= std::uint64_t{1} << 63;
      return initial;
    case TokenKind::kName:
      break;
    default:
      return error_at(token.line, "expected a value that a variable begins with");
  }
  initial.kind = OperandKind::kName;
  initial.symbol = token.text;
  if (token.text == "generic" && cursor.take_if('(')) {
    TRY(initial.symbol, cursor.name());
    TRY_STATUS(cursor.expect(')'));
  }
  if (cursor.take_if('+')) {
    TRY(initial.bits, cursor.integer(kBytesMost));
  }
  return initial;
}

Status parse_initial(Cursor& cursor, int nesting, Variable& variable) {
  if (!cursor.take_if('{')) {
    if (variable.initial.size() >= std::max<std::uint64_t>(variable.bytes, 1)) {
      return cursor.error("more values than the variable has room for");
    }
    TRY(Initial initial, parse_initial_value(cursor));
    variable.initial.push_back(initial);
    return {};
  }
  if (nesting == kNestingMost) return cursor.error("braces within braces");
  for (bool first = true; !cursor.take_if('}'); first = false) {
    if (!first) TRY_STATUS(cursor.expect(','));
    TRY_STATUS(parse_initial(cursor, nesting + 1, variable));
  }
  return {};
}

Result<Variable> parse_parameter_variable(Cursor& cursor) {
  Variable variable;
  variable.line = cursor.line();
  variable.space = Space::kParam;
  TRY(const unsigned elements, parse_attributes(cursor, variable));
  TRY(variable.name, cursor.name());
  TRY_STATUS(parse_dimensions(cursor, std::uint64_t{bytes_of(variable.type)} * elements, variable));
  return variable;
}

}  // namespace

Result<std::vector<Variable>> parse_variables(Cursor& cursor, Space space) {
  Variable pattern;
  pattern.line = cursor.line();
  pattern.space = space;
  TRY(const unsigned elements, parse_attributes(cursor, pattern));
  const std::uint64_t bytes = std::uint64_t{bytes_of(pattern.type)} * elements;
  if (bytes == 0) return cursor.error("a variable needs a type with a size");
  std::vector<Variable> variables;
  do {
    Variable variable = pattern;
    TRY(variable.name, cursor.name());
    TRY_STATUS(parse_dimensions(cursor, bytes, variable));
    if (cursor.take_if('=')) TRY_STATUS(parse_initial(cursor, 0, variable));
    variables.push_back(std::move(variable));
  } while (cursor.take_if(','));
  TRY_STATUS(cursor.expect(';'));
  return variables;
}

Result<std::vector<Registers>> parse_registers(Cursor& cursor) {
  std::vector<Registers> all;
  const Token token = cursor.take();
  const auto type = token.kind == TokenKind::kDotted ? type_of(token.text) : std::nullopt;
  if (!type) {
    return unsupported_at(
        token.line,
        "registers of type ." + std::string(token.text.substr(0, 40)) + " are not built here");
  }
  do {
    Registers registers;
    registers.line = cursor.line();
    registers.type = *type;
    TRY(registers.name, cursor.name());
    if (cursor.take_if('<')) {
      TRY(const std::uint64_t count, cursor.integer(kRegistersMost));
      registers.count = static_cast<std::uint32_t>(count);
      if (count == 0) return cursor.error("no registers at all");
      TRY_STATUS(cursor.expect('>'));
    }
    all.push_back(registers);
  } while (cursor.take_if(','));
  TRY_STATUS(cursor.expect(';'));
  return all;
}

Result<std::vector<Parameter>> parse_parameters(Cursor& cursor) {
  std::vector<Parameter> parameters;
  if (!cursor.take_if('(')) return parameters;
  while (!cursor.take_if(')')) {
    if (!parameters.empty()) TRY_STATUS(cursor.expect(','));
    if (parameters.size() == kParametersMost) return cursor.error("too many parameters");
    Parameter parameter;
    parameter.in_register = cursor.now().is_dotted("reg");
    if (!cursor.take_dotted("reg") && !cursor.take_dotted("param")) {
      return cursor.error("expected .param or .reg");
    }
    TRY(parameter.variable, parse_parameter_variable(cursor));
    parameters.push_back(std::move(parameter));
  }
  return parameters;
}

}  // namespace gpu_host::ptx
