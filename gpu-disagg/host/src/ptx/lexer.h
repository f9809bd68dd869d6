// PTX text as words.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace gpu_host::ptx {

enum class TokenKind : std::uint8_t {
  kName,     // add, %r1, $L__BB0_1
  kDotted,   // .f32, without the dot in `text`
  kInteger,  // `bits` has the value, two's complement
  kFloat32,  // `bits` has the pattern
  kFloat64,
  kString,  // without the quotes
  kPunctuation,
  kEnd,
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  std::string_view text;  // of the source
  std::uint64_t bits = 0;
  std::uint32_t line = 0;

  bool is(char c) const { return kind == TokenKind::kPunctuation && text.front() == c; }
  bool is_dotted(std::string_view name) const { return kind == TokenKind::kDotted && text == name; }
};

// The last token is kEnd. `source` must outlive them. kInvalidArgument names the line.
base::Result<std::vector<Token>> lex(std::string_view source);

}  // namespace gpu_host::ptx
