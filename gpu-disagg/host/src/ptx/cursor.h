// A place in the words of a PTX text, with the reads that every part of the parser needs.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "ptx/lexer.h"

namespace gpu_host::ptx {

inline base::Error error_at(std::uint32_t line, const std::string& what) {
  return base::Error{base::ErrorCode::kInvalidArgument,
                     "line " + std::to_string(line) + ": " + what};
}

inline base::Error unsupported_at(std::uint32_t line, const std::string& what) {
  return base::Error{base::ErrorCode::kUnsupported, "line " + std::to_string(line) + ": " + what};
}

class Cursor {
 public:
  explicit Cursor(const std::vector<Token>& tokens) : tokens_(tokens) {}

  const Token& now() const { return tokens_[at_]; }
  const Token& ahead() const { return tokens_[std::min(at_ + 1, tokens_.size() - 1)]; }
  std::uint32_t line() const { return now().line; }
  bool done() const { return now().kind == TokenKind::kEnd; }

  Token take() {
    const Token token = now();
    if (!done()) ++at_;
    return token;
  }
  bool take_if(char c) {
    if (!now().is(c)) return false;
    take();
    return true;
  }
  bool take_dotted(std::string_view name) {
    if (!now().is_dotted(name)) return false;
    take();
    return true;
  }
  base::Status expect(char c) {
    if (take_if(c)) return {};
    return error(std::string("expected '") + c + "'");
  }
  base::Result<std::string_view> name() {
    if (now().kind != TokenKind::kName) return error("expected a name");
    return take().text;
  }
  base::Result<std::uint64_t> integer(std::uint64_t most) {
    if (now().kind != TokenKind::kInteger) return error("expected a number");
    if (now().bits > most) return error("the number is too large here");
    return take().bits;
  }
  void skip_line() {
    const std::uint32_t start = line();
    while (!done() && line() == start) take();
  }
  base::Error error(const std::string& what) const {
    return error_at(line(), what + " before \"" + std::string(now().text.substr(0, 40)) + "\"");
  }

 private:
  const std::vector<Token>& tokens_;
  std::size_t at_ = 0;
};

}  // namespace gpu_host::ptx
