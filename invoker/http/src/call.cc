#include "call.h"

#include <strings.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/utf8.h"

namespace invoker_http {
namespace {

// What is set aside at once on the word of a header; more is set aside as it comes.
constexpr std::int64_t kReserveMax = 1 << 20;

std::string_view trim(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n";
  const auto first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

bool same_word(std::string_view a, std::string_view b) {
  return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

template <typename Number>
Number number_or(std::string_view text, Number otherwise) {
  Number number = otherwise;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() ? number : otherwise;
}

// How many bytes at the end are the beginning of a character whose rest is missing.
std::size_t cut_bytes(std::string_view text) {
  for (std::size_t length = 1; length <= std::min<std::size_t>(3, text.size()); ++length) {
    const auto byte = static_cast<unsigned char>(text[text.size() - length]);
    if ((byte & 0xC0) == 0x80) continue;
    const std::size_t wanted = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1;
    return wanted > length ? length : 0;
  }
  return 0;
}

// A character that was cut in two becomes one replacement character, whatever is left of it.
std::string readable(std::string text) {
  if (const std::size_t cut = cut_bytes(text); cut > 0) {
    text.resize(text.size() - cut);
    text += "\xEF\xBF\xBD";
  }
  return base::is_utf8(text) ? text : base::to_utf8(text);
}

}  // namespace

void Call::header(std::string_view line) {
  if (line.starts_with("HTTP/")) return status_line(line);
  head_complete_ = trim(line).empty();
  const auto colon = line.find(':');
  if (colon != std::string_view::npos) member(line.substr(0, colon), trim(line.substr(colon + 1)));
}

// Every head starts anew: an interim answer ("100 Continue") may come before the real one.
void Call::status_line(std::string_view line) {
  const auto blank = line.find(' ');
  status_ = blank == std::string_view::npos ? 0 : number_or(line.substr(blank + 1), 0);
  content_length_ = -1;
  transformed_ = false;
  head_complete_ = false;
}

void Call::member(std::string_view name, std::string_view value) {
  if (same_word(name, "content-length")) {
    content_length_ = number_or<std::int64_t>(value, -1);
  } else if (same_word(name, "transfer-encoding") || same_word(name, "content-encoding")) {
    transformed_ = transformed_ || !same_word(value, "identity");
  }
}

void Call::body(std::string_view bytes) {
  if (!has_length()) return;
  const auto keep = static_cast<std::size_t>(std::max<std::int64_t>(keep_bytes(), 0));
  if (body_.empty()) body_.reserve(std::min<std::size_t>(keep, kReserveMax));
  body_.append(bytes.substr(0, keep - std::min(keep, body_.size())));
}

void Call::finish(invoker::CallOutcome& outcome) && {
  if (!head_complete_) {  // libcurl lets this pass
    outcome.error = invoker::CallError::kConnectionLost;
    return;
  }
  if (!has_length()) {
    outcome.error = invoker::CallError::kNoResponse;
    return;
  }
  outcome.status = status_;
  outcome.content_length = content_length_;
  outcome.truncated = too_long();
  outcome.body = outcome.truncated ? readable(std::move(body_)) : std::move(body_);
}

}  // namespace invoker_http
