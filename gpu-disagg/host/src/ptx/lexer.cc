#include "ptx/lexer.h"

#include <bit>
#include <charconv>
#include <string>

namespace gpu_host::ptx {
namespace {

using base::Error;
using base::ErrorCode;
using base::Result;
using base::Status;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool starts_name(char c) { return is_letter(c) || c == '_' || c == '$' || c == '%'; }
bool goes_on(char c) { return is_letter(c) || is_digit(c) || c == '_' || c == '$'; }

// 40 bytes each; real modules of 10 MB have about two million.
constexpr std::size_t kTokensMost = 4 << 20;

class Lexer {
 public:
  explicit Lexer(std::string_view source) : source_(source) {}

  Result<std::vector<Token>> run() {
    while (true) {
      TRY_STATUS(skip_blanks());
      if (at_ == source_.size()) break;
      if (tokens_.size() == kTokensMost) return error("more words than are taken");
      TRY_STATUS(one());
    }
    tokens_.push_back(Token{TokenKind::kEnd, "end of text", 0, line_});
    return std::move(tokens_);
  }

 private:
  Error error(const std::string& what) const {
    return Error{ErrorCode::kInvalidArgument, "line " + std::to_string(line_) + ": " + what};
  }

  char peek(std::size_t ahead = 0) const {
    return at_ + ahead < source_.size() ? source_[at_ + ahead] : '\0';
  }

  void add(TokenKind kind, std::size_t start, std::uint64_t bits = 0) {
    tokens_.push_back(Token{kind, source_.substr(start, at_ - start), bits, line_});
  }

  Status skip_blanks() {
    while (at_ < source_.size()) {
      const char c = peek();
      if (c == '\n') ++line_;
      if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
        ++at_;
      } else if (c == '/' && peek(1) == '/') {
        at_ = std::min(source_.find('\n', at_), source_.size());
      } else if (c == '/' && peek(1) == '*') {
        TRY_STATUS(skip_comment());
      } else {
        break;
      }
    }
    return {};
  }

  Status skip_comment() {
    const std::size_t end = source_.find("*/", at_ + 2);
    if (end == std::string_view::npos) return error("a comment without an end");
    for (; at_ < end; ++at_) line_ += source_[at_] == '\n' ? 1 : 0;
    at_ = end + 2;
    return {};
  }

  Status one() {
    const char c = peek();
    if (is_digit(c)) return number();
    if (c == '"') return string();
    const std::size_t start = at_++;
    if (starts_name(c)) {
      while (goes_on(peek())) ++at_;
      add(TokenKind::kName, start);
    } else if (c == '.' && (goes_on(peek()))) {
      dotted();
    } else if (std::string_view("{}[]()<>,;:=+-|@!.~*&").find(c) != std::string_view::npos) {
      add(TokenKind::kPunctuation, start);
    } else {
      return error("a character that does not belong here");
    }
    return {};
  }

  void dotted() {
    const std::size_t start = at_;
    while (goes_on(peek()) || (peek() == ':' && peek(1) == ':' && goes_on(peek(2)))) {
      at_ += peek() == ':' ? 2 : 1;
    }
    add(TokenKind::kDotted, start);
  }

  Status string() {
    const std::size_t start = ++at_;
    while (at_ < source_.size() && peek() != '"' && peek() != '\n') ++at_;
    if (peek() != '"') return error("a string without an end");
    add(TokenKind::kString, start);
    ++at_;
    return {};
  }

  Status number() {
    const char kind = peek() == '0' ? peek(1) : '\0';
    if (kind == 'f' || kind == 'F') return pattern(8, TokenKind::kFloat32);
    if (kind == 'd' || kind == 'D') return pattern(16, TokenKind::kFloat64);
    std::size_t end = at_;
    while (is_digit(end < source_.size() ? source_[end] : '\0')) ++end;
    const char after = end < source_.size() ? source_[end] : '\0';
    if (after == '.' || after == 'e' || after == 'E') return decimal_float();
    return integer();
  }

  // 0f3F800000 and 0d3FF0000000000000.
  Status pattern(std::size_t digits, TokenKind kind) {
    const std::size_t start = at_;
    std::uint64_t bits = 0;
    const char* first = source_.data() + at_ + 2;
    if (source_.size() - at_ < 2 + digits) return error("a number is cut short");
    const auto [end, status] = std::from_chars(first, first + digits, bits, 16);
    if (status != std::errc{} || end != first + digits) return error("a broken number");
    at_ += 2 + digits;
    add(kind, start, bits);
    return {};
  }

  Status decimal_float() {
    const std::size_t start = at_;
    double value = 0;
    const char* first = source_.data() + at_;
    const auto [end, status] = std::from_chars(first, source_.data() + source_.size(), value);
    if (status != std::errc{}) return error("a broken number");
    at_ += static_cast<std::size_t>(end - first);
    add(TokenKind::kFloat64, start, std::bit_cast<std::uint64_t>(value));
    return {};
  }

  Status integer() {
    const std::size_t start = at_;
    int radix = 10;
    if (peek() == '0' && (peek(1) == 'x' || peek(1) == 'X')) radix = 16;
    if (peek() == '0' && (peek(1) == 'b' || peek(1) == 'B')) radix = 2;
    if (radix != 10) at_ += 2;
    if (radix == 10 && peek() == '0' && is_digit(peek(1))) radix = 8;
    std::uint64_t bits = 0;
    const char* first = source_.data() + at_;
    const auto [end, status] = std::from_chars(first, source_.data() + source_.size(), bits, radix);
    if (status != std::errc{}) return error("a broken number");
    at_ += static_cast<std::size_t>(end - first);
    if (peek() == 'U') ++at_;
    if (goes_on(peek())) return error("a broken number");
    add(TokenKind::kInteger, start, bits);
    return {};
  }

  std::string_view source_;
  std::size_t at_ = 0;
  std::uint32_t line_ = 1;
  std::vector<Token> tokens_;
};

}  // namespace

Result<std::vector<Token>> lex(std::string_view source) { return Lexer(source).run(); }

}  // namespace gpu_host::ptx
