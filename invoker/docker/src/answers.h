// What a Docker daemon answers, as values. Pure functions; nothing in an answer is trusted to be
// there.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace invoker_docker {

// GET /version
struct EngineVersion {
  std::string api_max, api_min;  // "1.41"
};
base::Result<EngineVersion> parse_version(std::string_view text);

// The newest version of the API that both sides know: this program was written for 1.41.
// Errors: kUnsupported for a daemon that is too old.
base::Result<std::string> choose_api(const EngineVersion& version);

// GET /containers/ID/json
struct Inspected {
  std::string id;
  int pid = 0;  // on the daemon's host; 0 when it does not run
  bool running = false;
  bool paused = false;
  bool oom_killed = false;
  std::string address;  // in the network asked for; "" where it has none
  std::string log_path;
};
base::Result<Inspected> parse_inspected(std::string_view text, const std::string& network);

// GET /networks/NAME: its bridge on the daemon's host; "" for a network that has none.
base::Result<std::string> parse_bridge(std::string_view text);

// POST /containers/create: the id.
base::Result<std::string> parse_created(std::string_view text);

// GET /containers/json
struct Listed {
  std::string id;
  std::vector<std::string> names;  // each with its leading slash
  bool paused = false;
};
base::Result<std::vector<Listed>> parse_list(std::string_view text);

// One line of GET /events about a container.
struct Event {
  std::string action;  // "die"
  std::string id;
};
std::optional<Event> parse_event(std::string_view line);

// One line of POST /images/create: why the pull failed, or nothing.
std::optional<std::string> pull_error(std::string_view line);

// The sentence of an answer that is a failure.
std::string failure_of(std::string_view text);

// Takes bytes of a stream and gives its lines. Not thread-safe.
class Lines {
 public:
  explicit Lines(std::size_t line_bytes_max) : line_bytes_max_(line_bytes_max) {}

  // False when a line is longer than allowed: the stream is of no use then.
  bool add(std::string_view bytes);
  std::optional<std::string> take();

 private:
  std::size_t line_bytes_max_;
  std::string text_;
};

}  // namespace invoker_docker
