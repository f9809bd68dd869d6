#include "invoker/log_collection.h"

#include <algorithm>
#include <utility>

#include "base/utf8.h"
#include "invoker/log_counter.h"

namespace invoker {
namespace {

constexpr std::size_t kTimeColumns = 30;
constexpr std::string_view kTruncatedBegin =
    "Logs were truncated because the total bytes size exceeds the limit of ";
constexpr std::string_view kLost =
    "There was an issue while collecting your logs. Data might be missing.";
constexpr std::string_view kDeveloperError =
    "The action did not initialize or run as expected. Log data might be missing.";

std::string note(std::string_view text, base::WallTime now) {
  return format_log_line({now, true, std::string(text)});
}

bool tells_of_loss(std::string_view line) {
  return line.find(kTruncatedBegin) != line.npos || line.find(kLost) != line.npos;
}

void append_digits(std::string& out, long value, int width) {
  const std::string digits = std::to_string(value);
  out.append(static_cast<std::size_t>(std::max(0, width - static_cast<int>(digits.size()))), '0');
  out += digits;
}

}  // namespace

LogRequest log_request(StatusCode code, std::int64_t limit_bytes) {
  return {limit_bytes, code != StatusCode::kDeveloperError};
}

// OpenWhisk judges by the last line before the note on the developer error, and so does this: an
// action whose own last line has one of the texts loses its container too.
RecordedLogs record_logs(const CollectedLogs& logs, StatusCode code, std::int64_t limit_bytes,
                         base::WallTime now) {
  RecordedLogs recorded;
  recorded.lines.reserve(logs.lines.size() + 3);
  for (const LogLine& line : logs.lines)
    if (!is_log_sentinel(line.text)) recorded.lines.push_back(format_log_line(line));
  if (logs.truncated) {
    recorded.lines.push_back(
        note(std::string(kTruncatedBegin) + std::to_string(limit_bytes) + " bytes.", now));
  }
  if (logs.failed) recorded.lines.push_back(note(kLost, now));
  recorded.complete = recorded.lines.empty() || !tells_of_loss(recorded.lines.back());
  if (code == StatusCode::kDeveloperError) recorded.lines.push_back(note(kDeveloperError, now));
  return recorded;
}

RecordedLogs lost_logs() { return {{std::string(kLost)}, false}; }

std::string format_log_line(const LogLine& line) {
  std::string out = rfc3339(line.time);
  if (out.size() < kTimeColumns) out.append(kTimeColumns - out.size(), ' ');
  out += line.is_stderr ? " stderr: " : " stdout: ";
  return out += base::is_utf8(line.text) ? line.text : base::to_utf8(line.text);
}

std::string rfc3339(base::WallTime time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  std::string out;
  out.reserve(kTimeColumns + 8);
  append_digits(out, int{date.year()}, 4);
  append_digits(out += '-', unsigned{date.month()}, 2);
  append_digits(out += '-', unsigned{date.day()}, 2);
  append_digits(out += 'T', clock.hours().count(), 2);
  append_digits(out += ':', clock.minutes().count(), 2);
  append_digits(out += ':', clock.seconds().count(), 2);
  if (const auto fraction = clock.subseconds().count(); fraction != 0) {
    append_digits(out += '.', fraction, 9);
    out.erase(out.find_last_not_of('0') + 1);
  }
  return out += 'Z';
}

}  // namespace invoker
