// The log: one line for each event, to whoever operates the program.
//
// A Logger is handed in, never looked up. A line cannot be forged from outside: line ends and other
// control characters inside a message are escaped.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"

namespace base {

enum class LogLevel { kDebug, kInfo, kWarn, kError };

enum class LogFormat {
  kOpenWhisk,  // [2024-03-27T10:00:00.166Z] [INFO] [#tid_sid_invoker] [Component] message key=value
  kJson,       // {"time":...,"level":"INFO","tid":...,"component":...,"message":...,"fields":{...}}
  kLogfmt,     // time=... level=info tid=... component=... msg="..." key=value
};

// "debug", "info", "warn", "error"; "openwhisk", "json", "logfmt". Errors: kInvalidArgument.
Result<LogLevel> parse_log_level(std::string_view text);
Result<LogFormat> parse_log_format(std::string_view text);

// Where finished lines go. Threads: any. Time: write() returns at once.
class LogSink {
 public:
  virtual ~LogSink() = default;
  virtual void write(std::string_view line) = 0;  // with its line end
};

// Nowhere.
class DiscardSink final : public LogSink {
 public:
  void write(std::string_view) override {}
};

// Named values beside the message, such as {{"activation", id}, {"waitMs", 12}}.
using LogFields = std::initializer_list<Json::Member>;

struct LogRecord {
  WallTime time;
  LogLevel level = LogLevel::kInfo;
  std::string_view transaction;  // without "#tid_"
  std::string_view component;
  std::string_view message;
  LogFields fields;
};

// One line with its line end; a message is cut after 64 KiB.
std::string format_log_line(LogFormat format, const LogRecord& record);

struct LogConfig {
  LogFormat format = LogFormat::kOpenWhisk;
  LogLevel least = LogLevel::kInfo;  // what is below is dropped
};

// A cheap value. Threads: any method from any thread. Sink and clock outlive it and its copies.
class Logger {
 public:
  Logger(LogSink& sink, const Clock& clock, LogConfig config = {})
      : sink_(&sink), clock_(&clock), config_(config) {}

  // The same log, in the name of one transaction.
  Logger for_transaction(std::string id) const {
    Logger result = *this;
    result.transaction_ = std::move(id);
    return result;
  }

  bool wants(LogLevel level) const { return level >= config_.least; }
  void log(LogLevel level, std::string_view component, std::string_view message,
           LogFields fields = {}) const;

  void debug(std::string_view component, std::string_view message, LogFields fields = {}) const {
    log(LogLevel::kDebug, component, message, fields);
  }
  void info(std::string_view component, std::string_view message, LogFields fields = {}) const {
    log(LogLevel::kInfo, component, message, fields);
  }
  void warn(std::string_view component, std::string_view message, LogFields fields = {}) const {
    log(LogLevel::kWarn, component, message, fields);
  }
  void error(std::string_view component, std::string_view message, LogFields fields = {}) const {
    log(LogLevel::kError, component, message, fields);
  }

 private:
  LogSink* sink_;
  const Clock* clock_;
  LogConfig config_;
  std::string transaction_ = "sid_unknown";  // OpenWhisk's word for none
};

}  // namespace base
