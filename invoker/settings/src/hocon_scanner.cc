#include "hocon_scanner.h"

#include <algorithm>

#include "base/text.h"

namespace invoker_settings {
namespace {

using base::Json;

constexpr std::string_view kReserved = "$\"{}[]:=,+#`^?!@*&\\\n";  // never without quotes
constexpr std::string_view kTripleQuote = "\"\"\"";
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v'; }

Json typed(const std::string& text) {
  if (text == "null") return {};
  if (text == "true" || text == "false") return Json(text == "true");
  const auto number = Json::parse(text);
  return number.ok() && number->is_number() ? *number : Json(text);
}

}  // namespace

bool HoconScanner::take(char c) {
  if (peek() != c || at_end()) return false;
  ++at_;
  return true;
}

// include "x", include classpath("x"), include required(file("x"))
bool HoconScanner::take_include() {
  constexpr std::string_view kInclude = "include";
  const std::string_view rest = text_.substr(at_);
  if (!rest.starts_with(kInclude)) return false;
  std::size_t end = rest.find_first_not_of(" \t", kInclude.size());
  if (end == rest.npos || end == kInclude.size()) return false;
  for (const std::string_view word : {"required(", "classpath(", "file(", "url("}) {
    if (rest.substr(end).starts_with(word)) end += word.size();
  }
  if (end >= rest.size() || rest[end] != '"') return false;
  end = rest.find_first_of("\"\n", end + 1);
  if (end == rest.npos || rest[end] == '\n') return false;
  at_ += std::min(rest.find_first_not_of(')', end + 1), rest.size());
  return true;
}

void HoconScanner::skip_line() { at_ = std::min(text_.find('\n', at_), text_.size()); }

bool HoconScanner::at_comment() const {
  return peek() == '#' || text_.substr(std::min(at_, text_.size())).starts_with("//");
}

void HoconScanner::skip_blanks() {
  while (!at_end() && is_blank(peek())) ++at_;
}

void HoconScanner::skip_blanks_and_lines() {
  if (at_ == 0 && text_.starts_with(kByteOrderMark)) at_ = kByteOrderMark.size();
  while (!at_end()) {
    if (at_comment()) {
      skip_line();
    } else if (is_blank(peek()) || peek() == '\n') {
      ++at_;
    } else {
      return;
    }
  }
}

void HoconScanner::skip_separators() {
  do {
    skip_blanks_and_lines();
  } while (take(','));
}

bool HoconScanner::ends_value() const {
  return at_end() || at_comment() ||
         std::string_view("\n,}]").find(peek()) != std::string_view::npos;
}

bool HoconScanner::at_separator() {
  skip_blanks();
  return ends_value();
}

base::Result<std::string> HoconScanner::key_part() {
  skip_blanks();
  if (peek() == '"') {
    TRY(std::string part, quoted_text());
    skip_blanks();
    return part;
  }
  const std::size_t begin = at_;
  while (!at_end() && peek() != '.' && !at_comment() && kReserved.find(peek()) == kReserved.npos) {
    ++at_;
  }
  const std::string part(base::trimmed(text_.substr(begin, at_ - begin)));
  if (!part.empty()) return part;
  return bad("found " + shown_next() + " where a key should begin");
}

base::Result<std::string> HoconScanner::quoted_text() {
  if (text_.substr(at_).starts_with(kTripleQuote)) return triple_quoted_text();
  std::size_t end = at_ + 1;
  while (end < text_.size() && text_[end] != '"' && text_[end] != '\n') {
    end += text_[end] == '\\' ? 2 : 1;
  }
  if (end >= text_.size() || text_[end] != '"') return bad("a text has no closing quote");
  const auto text = Json::parse(text_.substr(at_, end + 1 - at_));
  if (!text) return bad("a text in quotes is not written as in JSON");
  at_ = end + 1;
  return text->as_string();
}

base::Result<std::string> HoconScanner::triple_quoted_text() {
  const std::size_t begin = at_ + kTripleQuote.size();
  std::size_t end = text_.find(kTripleQuote, begin);
  if (end == text_.npos) return bad("a text has no closing \"\"\"");
  while (text_.substr(end + 1).starts_with(kTripleQuote)) ++end;  // quotes at its end belong to it
  at_ = end + kTripleQuote.size();
  return std::string(text_.substr(begin, end - begin));
}

base::Result<std::string> HoconScanner::unquoted_text() {
  const std::size_t begin = at_;
  while (!ends_value() && peek() != '"') {
    if (text_.substr(at_).starts_with("${")) {
      return bad("${...} is not read here; write the value itself");
    }
    if (kReserved.find(peek()) != kReserved.npos) {
      return bad("the value contains " + shown_next() + ": put it in quotes");
    }
    ++at_;
  }
  return std::string(text_.substr(begin, at_ - begin));
}

base::Result<Json> HoconScanner::scalar() {
  std::string all;
  std::string blanks_at_end;  // of the last piece without quotes; they count if something follows
  bool any_quotes = false;
  skip_blanks();
  if (ends_value()) return bad("a value is missing; for an empty one write \"\"");
  while (!ends_value()) {
    all += blanks_at_end;
    blanks_at_end.clear();
    if (peek() == '"') {
      any_quotes = true;
      TRY(const std::string piece, quoted_text());
      all += piece;
      continue;
    }
    TRY(const std::string piece, unquoted_text());
    const std::size_t kept = std::min(piece.find_last_not_of(" \t\r\f\v") + 1, piece.size());
    all += piece.substr(0, kept);
    blanks_at_end = piece.substr(kept);
  }
  return any_quotes ? Json(std::move(all)) : typed(all);
}

base::Error HoconScanner::bad(const std::string& what) const {
  const auto end = text_.begin() + static_cast<std::ptrdiff_t>(std::min(at_, text_.size()));
  const auto line = 1 + std::count(text_.begin(), end, '\n');
  return {base::ErrorCode::kInvalidArgument, "line " + std::to_string(line) + ": " + what};
}

std::string HoconScanner::shown_next() const {
  return at_end() ? "the end" : base::quoted(text_.substr(at_, 1));
}

}  // namespace invoker_settings
