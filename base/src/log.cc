#include "base/log.h"

#include <ctime>

#include "base/text.h"
#include "base/utf8.h"

namespace base {
namespace {

constexpr std::size_t kMessageBytesMax = 64 << 10;
constexpr std::size_t kNameBytesMax = 128;  // of a transaction or component

std::string_view upper_name(LogLevel level) {
  static constexpr std::string_view kNames[] = {"DEBUG", "INFO", "WARN", "ERROR"};
  return kNames[static_cast<std::size_t>(level)];
}

std::string format_time(WallTime time) {
  const std::int64_t ms = epoch_ms(time);
  const std::time_t seconds = ms / 1000;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char date[64];
  const std::size_t length = std::strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S.", &parts);
  const std::string fraction = std::to_string(1000 + ms % 1000);
  return std::string(date, length) + fraction.substr(1) + "Z";
}

std::string cut(std::string_view text, std::size_t max) {
  if (text.size() <= max) return std::string(text);
  return std::string(text.substr(0, max)) + "... (cut)";
}

// A transaction id comes from the caller of the platform: brackets and blanks in it could look like
// the fields that follow.
void append_name(std::string& out, std::string_view text) {
  const std::size_t start = out.size();
  append_one_line(out, cut(text, kNameBytesMax));
  for (std::size_t i = start; i < out.size(); ++i) {
    if (std::string_view("[] \"=").find(out[i]) != std::string_view::npos) out[i] = '_';
  }
}

void append_logfmt_value(std::string& out, const Json& value) {
  if (!value.is_string()) {
    const std::string text = value.to_string();
    if (value.is_array() || value.is_object()) {
      append_json_string(out, text);
    } else {
      out += text;
    }
    return;
  }
  std::string line;
  append_one_line(line, value.as_string());
  const bool plain = !line.empty() && line.find_first_of(" =\"\\") == line.npos;
  if (plain) {
    out += line;
  } else {
    append_json_string(out, line);
  }
}

void append_fields(std::string& out, LogFields fields) {
  for (const auto& [key, value] : fields) {
    out += ' ';
    append_name(out, key);
    out += '=';
    append_logfmt_value(out, value);
  }
}

std::string openwhisk_line(const LogRecord& record) {
  std::string line = "[" + format_time(record.time) + "] [";
  line.append(upper_name(record.level)).append("] [#tid_");
  append_name(line, record.transaction);
  line += "] [";
  append_name(line, record.component);
  line += "] ";
  append_one_line(line, cut(record.message, kMessageBytesMax));
  append_fields(line, record.fields);
  return line;
}

std::string json_line(const LogRecord& record) {
  Json line = Json::object({{"time", format_time(record.time)},
                            {"level", upper_name(record.level)},
                            {"tid", to_utf8(cut(record.transaction, kNameBytesMax))},
                            {"component", to_utf8(record.component)},
                            {"message", to_utf8(cut(record.message, kMessageBytesMax))}});
  if (record.fields.size() > 0) line.set("fields", Json::object(record.fields));
  return line.to_string();
}

std::string logfmt_line(const LogRecord& record) {
  std::string line = "time=" + format_time(record.time);
  line.append(" level=").append(lower_case(upper_name(record.level))).append(" tid=");
  append_name(line, record.transaction);
  line += " component=";
  append_name(line, record.component);
  line += " msg=";
  append_logfmt_value(line, Json(cut(record.message, kMessageBytesMax)));
  append_fields(line, record.fields);
  return line;
}

}  // namespace

std::string format_log_line(LogFormat format, const LogRecord& record) {
  const auto line = [&] {
    switch (format) {
      case LogFormat::kJson:
        return json_line(record);
      case LogFormat::kLogfmt:
        return logfmt_line(record);
      case LogFormat::kOpenWhisk:
        break;
    }
    return openwhisk_line(record);
  };
  return line() + "\n";
}

void Logger::log(LogLevel level, std::string_view component, std::string_view message,
                 LogFields fields) const {
  if (!wants(level)) return;
  sink_->write(format_log_line(config_.format,
                               {clock_->wall(), level, transaction_, component, message, fields}));
}

template <typename Value, std::size_t kCount>
static Result<Value> parse_name(std::string_view text, const std::string_view (&names)[kCount]) {
  for (std::size_t i = 0; i < kCount; ++i) {
    if (lower_case(text) == names[i]) return static_cast<Value>(i);
  }
  return Error{ErrorCode::kInvalidArgument, quoted(text) + " is not one of " + quoted_list(names)};
}

Result<LogLevel> parse_log_level(std::string_view text) {
  static constexpr std::string_view kNames[] = {"debug", "info", "warn", "error"};
  return parse_name<LogLevel>(text, kNames);
}

Result<LogFormat> parse_log_format(std::string_view text) {
  static constexpr std::string_view kNames[] = {"openwhisk", "json", "logfmt"};
  return parse_name<LogFormat>(text, kNames);
}

}  // namespace base
