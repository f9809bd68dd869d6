// What comes from invokers: acknowledgements, pings and user events, read as controllers read them.
// Pure functions. Errors: kInvalidArgument with a sentence that says which member is at fault.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace controller_sim {

struct Instance {
  int id = 0;
  std::int64_t user_memory_bytes = 0;
  std::string unique_name;
  base::Json json;  // as it came
};

// The activation inside an acknowledgement, or a record of the database.
struct AckedActivation {
  std::string id;
  std::string namespace_name;
  std::string subject;
  std::string name;
  std::string version;
  std::int64_t start_ms = 0;
  std::int64_t end_ms = 0;
  std::int64_t duration_ms = 0;
  int status = 0;
  std::optional<base::Json> result;
  std::vector<std::string> logs;
  base::Json annotations;

  // The value of an annotation; null pointer where there is none.
  const base::Json* annotation(std::string_view key) const;
};

// Result: no instance. Completion: no response. Combined: both.
struct Ack {
  base::Json transid;
  std::string id;
  bool has_response = false;
  std::optional<AckedActivation> activation;  // nothing: the response was the bare id
  std::optional<Instance> instance;           // there: the slot is free
  bool system_error = false;
};

struct Ping {
  Instance instance;
  bool enabled = true;
};

struct Event {
  std::string type;  // "Activation", or "Metric": controllers send those
  std::string source;
  std::string namespace_name;
  std::string activation_id;  // and the rest: of "Activation" only
  std::string name;
  std::string kind;
  int status = 0;
  std::int64_t memory_mb = 0;
};

base::Result<Ack> read_ack(std::string_view text);
base::Result<AckedActivation> read_activation(const base::Json& json);
base::Result<Ping> read_ping(std::string_view text);
base::Result<Event> read_event(std::string_view text);

// 32 lower-case hex digits.
bool is_activation_id(std::string_view text);

}  // namespace controller_sim
