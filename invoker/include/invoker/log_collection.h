// Turns what an action wrote into the `logs` of its record.
//
// Pure functions: threads and time are the caller's. How lines are counted: log_counter.h.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "invoker/activation.h"
#include "invoker/container.h"

namespace invoker {

// How to ask the container for its logs. A limit of 0 means: do not ask. After a developer error
// nobody knows whether the sentinels will come, so they are not waited for.
LogRequest log_request(StatusCode code, std::int64_t limit_bytes);

struct RecordedLogs {
  std::vector<std::string> lines;
  bool complete = true;  // false: the logs were cut or lost, and the container must be destroyed
};

// `logs` formatted, followed by the notes for people: cut at `limit_bytes`, lost, or incomplete
// because of a developer error. `now`: the time of the notes.
RecordedLogs record_logs(const CollectedLogs& logs, StatusCode code, std::int64_t limit_bytes,
                         base::WallTime now);

// Where not even a note with a time can be had: the log store itself failed.
RecordedLogs lost_logs();

// "2024-03-27T10:00:00.12Z        stdout: hi"; bytes that are no UTF-8 become U+FFFD.
std::string format_log_line(const LogLine& line);

// "2024-03-27T10:00:00.12Z": the fraction without trailing zeros.
std::string rfc3339(base::WallTime time);

}  // namespace invoker
