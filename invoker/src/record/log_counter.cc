#include "invoker/log_counter.h"

#include "base/utf8.h"
#include "invoker/log_collection.h"

namespace invoker {
namespace {

constexpr std::int64_t kEscapeBytes = 6;  // \u0009
// {"log":"TEXT","stream":"stdout","time":"TIME"} and a line end; "stderr" is as long.
constexpr std::string_view kFrame = R"({"log":"","stream":"stdout","time":""})"
                                    "\n";
constexpr std::int64_t kFrameBytes = static_cast<std::int64_t>(kFrame.size());

// What Docker's writer makes of one byte below 0x80: JSON's short escapes for these four only, and
// escapes also for what a browser could take for HTML.
std::int64_t ascii_bytes(char c) {
  switch (c) {
    case '"':
    case '\\':
    case '\n':
    case '\r':
      return 2;
    case '<':
    case '>':
    case '&':
      return kEscapeBytes;
    default:
      return static_cast<unsigned char>(c) < 0x20 ? kEscapeBytes : 1;
  }
}

bool is_ascii(char c) { return static_cast<unsigned char>(c) < 0x80; }

// U+2028 and U+2029 end lines in JavaScript, so Docker escapes them too.
bool is_line_separator(std::string_view text) {
  return text.starts_with("\xE2\x80\xA8") || text.starts_with("\xE2\x80\xA9");
}

// `text` is well formed: what was not has become U+FFFD of three bytes, which Docker escapes.
std::int64_t escaped_bytes(std::string_view text) {
  std::int64_t bytes = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (is_ascii(text[i])) {
      bytes += ascii_bytes(text[i]);
    } else {
      bytes += is_line_separator(text.substr(i)) ? kEscapeBytes - 2 : 1;
    }
  }
  return bytes;
}

std::int64_t text_bytes(std::string_view text) {
  if (base::is_utf8(text)) return escaped_bytes(text);
  // Each replacement character that was not there before stands for one ill-formed byte.
  const std::string mended = base::to_utf8(text);
  const auto count = [](std::string_view in) {
    std::int64_t found = 0;
    for (auto at = in.find("\xEF\xBF\xBD"); at != in.npos; at = in.find("\xEF\xBF\xBD", at + 3))
      ++found;
    return found;
  };
  return escaped_bytes(mended) + (count(mended) - count(text)) * (kEscapeBytes - 3);
}

}  // namespace

std::int64_t json_file_bytes(std::string_view text, base::WallTime time, LogLineEnd end) {
  const std::int64_t newline = end == LogLineEnd::kNewline ? 2 : 0;
  return kFrameBytes + text_bytes(text) + newline + static_cast<std::int64_t>(rfc3339(time).size());
}

bool LogCounter::add(std::string_view text, base::WallTime time, LogLineEnd end) {
  if (truncated_) return false;
  const std::int64_t bytes = json_file_bytes(text, time, end);
  truncated_ = bytes_ + bytes > limit_bytes_;
  if (!truncated_) bytes_ += bytes;
  return !truncated_;
}

}  // namespace invoker
