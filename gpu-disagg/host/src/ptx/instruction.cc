#include "ptx/instruction.h"

namespace gpu_host::ptx {
namespace {

using base::Result;
using base::Status;

constexpr std::size_t kPartsMost = 256;
constexpr std::size_t kModifiersMost = 16;

Result<Operand> parse_number(Cursor& cursor) {
  const bool negative = cursor.take_if('-');
  const Token token = cursor.take();
  Operand operand;
  operand.bits = token.bits;
  switch (token.kind) {
    case TokenKind::kInteger:
      operand.kind = OperandKind::kInteger;
      if (negative) operand.bits = 0 - token.bits;
      return operand;
    case TokenKind::kFloat32:
      operand.kind = OperandKind::kFloat32;
      if (negative) operand.bits ^= 0x80000000U;
      return operand;
    case TokenKind::kFloat64:
      operand.kind = OperandKind::kFloat64;
      if (negative) operand.bits ^= std::uint64_t{1} << 63;
      return operand;
    default:
      return error_at(token.line, "expected an operand before \"" +
                                      std::string(token.text.substr(0, 40)) + "\"");
  }
}

// What is added to a name: `+4`, `+-4`, `-4` or nothing.
Result<std::uint64_t> parse_offset(Cursor& cursor) {
  bool negative = false;
  if (cursor.take_if('+')) {
    negative = cursor.take_if('-');
  } else if (cursor.take_if('-')) {
    negative = true;
  } else {
    return std::uint64_t{0};
  }
  TRY(const std::uint64_t value, cursor.integer(~std::uint64_t{0}));
  return negative ? 0 - value : value;
}

Result<Operand> parse_name(Cursor& cursor) {
  Operand operand;
  operand.negated = cursor.take_if('!');
  TRY(operand.name, cursor.name());
  if (operand.name == "_" && !operand.negated) operand.kind = OperandKind::kSink;
  if (cursor.now().kind == TokenKind::kDotted) operand.component = cursor.take().text;
  if (cursor.take_if('|')) {
    TRY(operand.second, cursor.name());
  }
  TRY(operand.bits, parse_offset(cursor));
  return operand;
}

Result<Operand> parse_scalar(Cursor& cursor) {
  if (cursor.now().kind == TokenKind::kName || cursor.now().is('!')) return parse_name(cursor);
  return parse_number(cursor);
}

Result<Operand> parse_parts(Cursor& cursor, OperandKind kind, char end) {
  Operand operand;
  operand.kind = kind;
  cursor.take();
  while (!cursor.take_if(end)) {
    if (!operand.parts.empty()) TRY_STATUS(cursor.expect(','));
    if (operand.parts.size() == kPartsMost) return cursor.error("too many operands in a row");
    TRY(Operand part, parse_scalar(cursor));
    operand.parts.push_back(std::move(part));
  }
  return operand;
}

Result<Operand> parse_address(Cursor& cursor) {
  cursor.take();
  Operand operand;
  if (cursor.now().kind == TokenKind::kInteger) {
    operand.bits = cursor.take().bits;
  } else {
    TRY(operand.name, cursor.name());
    TRY(operand.bits, parse_offset(cursor));
  }
  operand.kind = OperandKind::kAddress;
  TRY_STATUS(cursor.expect(']'));
  return operand;
}

Result<Operand> parse_operand(Cursor& cursor) {
  if (cursor.now().is('{')) return parse_parts(cursor, OperandKind::kVector, '}');
  if (cursor.now().is('(')) return parse_parts(cursor, OperandKind::kList, ')');
  if (cursor.now().is('[')) return parse_address(cursor);
  return parse_scalar(cursor);
}

Status parse_guard(Cursor& cursor, Instruction& instruction) {
  if (!cursor.take_if('@')) return {};
  instruction.guard_negated = cursor.take_if('!');
  TRY(instruction.guard, cursor.name());
  return {};
}

}  // namespace

Result<Instruction> parse_instruction(Cursor& cursor) {
  Instruction instruction;
  instruction.line = cursor.line();
  TRY_STATUS(parse_guard(cursor, instruction));
  TRY(instruction.opcode, cursor.name());
  while (cursor.now().kind == TokenKind::kDotted) {
    if (instruction.modifiers.size() == kModifiersMost) return cursor.error("too many modifiers");
    instruction.modifiers.push_back(cursor.take().text);
  }
  while (!cursor.take_if(';')) {
    if (!instruction.operands.empty()) TRY_STATUS(cursor.expect(','));
    if (instruction.operands.size() == kPartsMost) return cursor.error("too many operands");
    TRY(Operand operand, parse_operand(cursor));
    instruction.operands.push_back(std::move(operand));
  }
  return instruction;
}

}  // namespace gpu_host::ptx
