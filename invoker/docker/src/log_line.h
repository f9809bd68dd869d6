// One line of a container's log, from either place where the daemon keeps it. Pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "frames.h"
#include "invoker/container.h"

namespace invoker_docker {

struct LogEntry {
  invoker::LogLine line;
  std::int64_t json_bytes = 0;  // of the line in the json-file, its line end included
};

// A line of the json-file, without its line end. Nothing when it is none.
std::optional<LogEntry> parse_json_line(std::string_view line);

// A frame of the logs that were asked for with time stamps.
std::optional<LogEntry> parse_frame(const Frame& frame);

// "2024-03-27T10:00:00.166123456Z"; also with an offset such as "+02:00".
std::optional<base::WallTime> parse_time(std::string_view text);

}  // namespace invoker_docker
