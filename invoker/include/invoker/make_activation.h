// Builds the record of an activation from what is known when it ends.
//
// Pure functions: threads and time are the caller's.
#pragma once

#include <cstdint>
#include <optional>

#include "base/json.h"
#include "invoker/action.h"
#include "invoker/activation.h"
#include "invoker/container.h"
#include "invoker/message.h"
#include "invoker/runtime_protocol.h"

namespace invoker {

// When one call to a runtime happened: epoch ms.
struct CallTime {
  std::int64_t start_ms = 0;
  std::int64_t end_ms = 0;
  bool timed_out = false;

  std::int64_t duration_ms() const { return end_ms - start_ms; }
};

CallTime call_time(const CallOutcome& outcome, const CallFacts& facts);

// The calls of one activation: /run alone, both, or an /init that failed.
struct Times {
  std::optional<CallTime> init;
  std::optional<CallTime> run;
};

// The record of an activation that a container took. Its start is that of /run moved back by the
// length of /init, or that of a failed /init. `extra` (an array of {"key","value"}) is added to the
// annotations that OpenWhisk defines. Wants at least one time.
Activation make_activation(const ActivationMessage& message, const Action& action,
                           Response response, const Times& times,
                           base::Json extra = base::Json::array());

// The record of an activation whose action is known and that no container took.
Activation activation_without_container(const ActivationMessage& message, const Action& action,
                                        Response response, std::int64_t now_ms);

// The record of an activation whose action could not be had: it says what the message says.
Activation fallback_activation(const ActivationMessage& message, Response response,
                               std::int64_t now_ms);

}  // namespace invoker
