// Where a container's log is read from, from where the last reading ended.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/unique_fd.h"
#include "engine_api.h"
#include "log_line.h"

namespace invoker_docker {

struct LogReading {
  base::Instant end;    // of the whole reading
  bool follow = false;  // waits for lines, two seconds for each; else takes what is there
  // Whether the container is over: then the end of the log is its end.
  std::function<bool()> over;
};

// Threads: one at a time.
class LogSource {
 public:
  virtual ~LogSource() = default;

  // Feeds lines to `sink` until it returns false, or the reading is over. The next reading goes on
  // behind the last line that was fed. Errors: kDataLoss when what is there is no log,
  // kUnavailable when the daemon does not give it.
  using Sink = std::function<bool(LogEntry)>;
  virtual base::Status read(const LogReading& reading, const Sink& sink) = 0;
  // Leaves out what is there.
  virtual void skip() = 0;
};

// The daemon's json-file. Errors: as open(2) says.
base::Result<std::unique_ptr<LogSource>> open_log_file(const std::string& path);

// The daemon's logs over its socket. `api` outlives it.
std::unique_ptr<LogSource> log_over_api(const EngineApi& api, const std::string& id);

}  // namespace invoker_docker
