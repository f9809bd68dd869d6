// What the actions of a run do, the code that makes them do it, and what must come back.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"

namespace controller_sim {

enum class Deed {
  kNoop,    // returns {}
  kEcho,    // returns its parameters
  kSleep,   // sleep:MS, then {"slept": MS}
  kFail,    // returns {"error": ...}: an application error
  kThrow,   // an uncaught exception: a developer error, of some runtimes an application error
  kResult,  // result:BYTES, a result of about so many bytes
  kLog,     // log:LINES, so many lines to stdout
  kHang,    // hang:MS, never returns; MS is the action's time limit
  kOom,     // takes more memory than it may
  kExit,    // ends the process of its container
  kInit,    // initArgs: one parameter comes to it as an environment variable
};

struct Behaviour {
  Deed deed = Deed::kNoop;
  std::int64_t amount = 0;
  std::string text;  // as it was given: "sleep:5"
};

// "noop", "sleep:100" ... Errors: kInvalidArgument.
base::Result<Behaviour> parse_behaviour(std::string_view text);

// The action's source for a kind such as "python:3" or "nodejs:20". Errors: kUnsupported for a
// family whose language is not spoken here.
base::Result<std::string> code_for(const Behaviour& behaviour, std::string_view kind);
// The source of the health test: returns its parameters.
base::Result<std::string> health_code_for(std::string_view kind);

// The parameters of call `number`. They hold nothing that a language or a database would round.
base::Json content_for(const Behaviour& behaviour, std::uint64_t number);

// What the acknowledgement and the record of that call must say.
struct Expectation {
  int status = 0;
  std::optional<base::Json> result;  // nothing: any, or an error of the runtime's wording
  std::optional<std::int64_t> log_lines;
  std::optional<int> other_status;  // as right, where runtimes differ

  bool allows(int code) const { return code == status || code == other_status; }
};
Expectation expectation_of(const Behaviour& behaviour, const base::Json& content,
                           std::int64_t payload_max_bytes);

}  // namespace controller_sim
