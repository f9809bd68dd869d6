#include "log_line.h"

#include <charconv>
#include <chrono>
#include <string>
#include <utility>

#include "base/json.h"
#include "base/utf8.h"
#include "invoker/log_counter.h"

namespace invoker_docker {
namespace {

using base::Json;

// `width` digits at the front of `text`, which are taken away.
std::optional<int> take_number(std::string_view& text, std::size_t width) {
  int number = 0;
  if (text.size() < width) return std::nullopt;
  const auto [end, error] = std::from_chars(text.data(), text.data() + width, number);
  if (error != std::errc() || end != text.data() + width || text[0] == '-') return std::nullopt;
  text.remove_prefix(width);
  return number;
}

bool take_sign(std::string_view& text, char sign) {
  if (text.empty() || text[0] != sign) return false;
  text.remove_prefix(1);
  return true;
}

// The digits behind the point, up to nine.
std::optional<std::chrono::nanoseconds> take_fraction(std::string_view& text) {
  std::int64_t nanoseconds = 0;
  int digits = 0;
  while (!text.empty() && text[0] >= '0' && text[0] <= '9' && digits < 9) {
    nanoseconds = nanoseconds * 10 + (text[0] - '0');
    text.remove_prefix(1);
    ++digits;
  }
  if (digits == 0) return std::nullopt;
  for (; digits < 9; ++digits) nanoseconds *= 10;
  return std::chrono::nanoseconds(nanoseconds);
}

std::optional<std::chrono::minutes> take_offset(std::string_view& text) {
  if (take_sign(text, 'Z')) return std::chrono::minutes(0);
  const bool west = !text.empty() && text[0] == '-';
  if (!west && (text.empty() || text[0] != '+')) return std::nullopt;
  text.remove_prefix(1);
  const auto hours = take_number(text, 2);
  if (!hours || !take_sign(text, ':')) return std::nullopt;
  const auto minutes = take_number(text, 2);
  if (!minutes) return std::nullopt;
  const std::chrono::minutes offset(*hours * 60 + *minutes);
  return west ? -offset : offset;
}

std::optional<std::chrono::sys_days> take_day(std::string_view& text) {
  const auto year = take_number(text, 4);
  if (!year || !take_sign(text, '-')) return std::nullopt;
  const auto month = take_number(text, 2);
  if (!month || !take_sign(text, '-')) return std::nullopt;
  const auto day = take_number(text, 2);
  if (!day || *year < 1970 || *year > 2200) return std::nullopt;  // what nanoseconds can count
  const std::chrono::year_month_day date(std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day)));
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days(date);
}

std::optional<std::chrono::seconds> take_clock(std::string_view& text) {
  const auto hours = take_number(text, 2);
  if (!hours || !take_sign(text, ':')) return std::nullopt;
  const auto minutes = take_number(text, 2);
  if (!minutes || !take_sign(text, ':')) return std::nullopt;
  const auto seconds = take_number(text, 2);
  if (!seconds || *hours > 23 || *minutes > 59 || *seconds > 60) return std::nullopt;
  return std::chrono::seconds((*hours * 60 + *minutes) * 60 + *seconds);
}

// Takes the line end from `text`; true when it had one.
bool cut_line_end(std::string& text) {
  if (!text.ends_with('\n')) return false;
  text.pop_back();
  return true;
}

}  // namespace

std::optional<base::WallTime> parse_time(std::string_view text) {
  const auto day = take_day(text);
  if (!day || !take_sign(text, 'T')) return std::nullopt;
  const auto clock = take_clock(text);
  if (!clock) return std::nullopt;
  std::chrono::nanoseconds fraction{0};
  if (take_sign(text, '.')) {
    const auto taken = take_fraction(text);
    if (!taken) return std::nullopt;
    fraction = *taken;
  }
  const auto offset = take_offset(text);
  if (!offset || !text.empty()) return std::nullopt;
  return base::WallTime(*day) + *clock + fraction - *offset;
}

std::optional<LogEntry> parse_json_line(std::string_view line) {
  auto parsed = Json::parse(line);
  if (!parsed.ok()) return std::nullopt;
  Json* const text = parsed->find("log");
  const Json* const stream = parsed->find("stream");
  const Json* const time = parsed->find("time");
  if (text == nullptr || stream == nullptr || time == nullptr || !text->is_string() ||
      !stream->is_string() || !time->is_string())
    return std::nullopt;
  const auto when = parse_time(time->as_string());
  if (!when) return std::nullopt;
  std::string words = text->as_string();
  cut_line_end(words);
  return LogEntry{{*when, stream->as_string() == "stderr", std::move(words)},
                  static_cast<std::int64_t>(line.size()) + 1};
}

std::optional<LogEntry> parse_frame(const Frame& frame) {
  const std::size_t blank = frame.bytes.find(' ');
  if (blank == std::string::npos) return std::nullopt;
  const auto when = parse_time(std::string_view(frame.bytes).substr(0, blank));
  if (!when) return std::nullopt;
  std::string text = frame.bytes.substr(blank + 1);
  const auto end = cut_line_end(text) ? invoker::LogLineEnd::kNewline : invoker::LogLineEnd::kCut;
  const std::int64_t bytes = invoker::json_file_bytes(text, *when, end);
  return LogEntry{{*when, frame.is_stderr, std::move(text)}, bytes};
}

}  // namespace invoker_docker
