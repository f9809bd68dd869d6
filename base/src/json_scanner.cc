#include "json_scanner.h"

#include <algorithm>
#include <charconv>

namespace base {
namespace {

constexpr std::size_t kNumberLengthMax = 100;
constexpr unsigned kReplacement = 0xFFFD;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_high_surrogate(unsigned code) { return code >= 0xD800 && code < 0xDC00; }
bool is_low_surrogate(unsigned code) { return code >= 0xDC00 && code < 0xE000; }

void append_utf8(std::string& out, unsigned code) {
  const auto continuation = [&](int shift) {
    out += static_cast<char>(0x80 | ((code >> shift) & 0x3F));
  };
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xC0 | (code >> 6));
    continuation(0);
  } else if (code < 0x10000) {
    out += static_cast<char>(0xE0 | (code >> 12));
    continuation(6);
    continuation(0);
  } else {
    out += static_cast<char>(0xF0 | (code >> 18));
    continuation(12);
    continuation(6);
    continuation(0);
  }
}

}  // namespace

bool JsonScanner::take(char c) {
  if (done() || text_[at_] != c) return false;
  ++at_;
  return true;
}

bool JsonScanner::skip_blanks() {
  while (true) {
    at_ = std::min(text_.find_first_not_of(" \t\r\n", at_), text_.size());
    if (!comments_ || peek() != '/') return true;
    if (!skip_comment()) return false;
  }
}

bool JsonScanner::skip_comment() {
  const std::string_view rest = text_.substr(at_);
  if (rest.starts_with("//")) {
    at_ = std::min(text_.find('\n', at_), text_.size());
    return true;
  }
  const std::size_t end = rest.starts_with("/*") ? text_.find("*/", at_ + 2) : text_.npos;
  if (end == text_.npos) return fail("a comment that does not end");
  at_ = end + 2;
  return true;
}

bool JsonScanner::take_word(std::string_view word) {
  if (!text_.substr(at_).starts_with(word)) return fail("expected a value");
  at_ += word.size();
  return true;
}

bool JsonScanner::take_digits() {
  const std::size_t start = at_;
  while (is_digit(peek())) ++at_;
  return at_ > start;
}

bool JsonScanner::take_number(std::string_view& number) {
  const std::size_t start = at_;
  const bool negative = take('-');
  if (!take('0') && !take_digits()) {
    return fail(negative ? "expected a digit" : "expected a value");
  }
  if (take('.') && !take_digits()) return fail("expected a digit");
  if (take('e') || take('E')) {
    if (!take('+')) take('-');
    if (!take_digits()) return fail("expected a digit");
  }
  number = text_.substr(start, at_ - start);
  return number.size() <= kNumberLengthMax || fail("a number of more than 100 characters");
}

bool JsonScanner::take_string(std::string& string) {
  if (!take('"')) return fail("expected a string");
  while (true) {
    const std::size_t start = at_;
    while (!done() && text_[at_] != '"' && text_[at_] != '\\' &&
           static_cast<unsigned char>(text_[at_]) >= 0x20) {
      ++at_;
    }
    string.append(text_, start, at_ - start);
    if (done()) return fail("a string that does not end");
    if (take('"')) return true;
    if (!take('\\')) return fail("a control character in a string");
    if (!take_escape(string)) return false;
  }
}

bool JsonScanner::take_escape(std::string& string) {
  static constexpr std::string_view kNames = "\"\\/bfnrt";
  static constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
  if (take('u')) return take_unicode(string);
  const std::size_t which = done() ? kNames.npos : kNames.find(text_[at_]);
  if (which == kNames.npos) return fail("an unknown escape in a string");
  string += kMeanings[which];
  ++at_;
  return true;
}

// The JVM lets half a surrogate pair pass and loses it when it writes; so do we, visibly.
bool JsonScanner::take_unicode(std::string& string) {
  unsigned code = 0;
  if (!take_hex(code)) return false;
  if (is_high_surrogate(code)) {
    const std::size_t behind = at_;
    unsigned low = 0;
    if (take('\\') && take('u')) {
      if (!take_hex(low)) return false;
    }
    if (is_low_surrogate(low)) {
      code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    } else {
      at_ = behind;  // what follows is a character of its own
    }
  }
  const bool half = is_high_surrogate(code) || is_low_surrogate(code);
  append_utf8(string, half ? kReplacement : code);
  return true;
}

bool JsonScanner::take_hex(unsigned& code) {
  const std::string_view digits = text_.substr(at_, 4);
  const char* end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, code, 16);
  if (digits.size() < 4 || error != std::errc{} || stop != end) {
    return fail("expected four hexadecimal digits");
  }
  at_ += 4;
  return true;
}

}  // namespace base
