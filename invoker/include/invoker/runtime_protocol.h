// What is said to a runtime, and what its answers mean.
//
// Pure functions: threads and time are the caller's.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "invoker/action.h"
#include "invoker/activation.h"
#include "invoker/container.h"
#include "invoker/message.h"

namespace invoker {

// The body of POST /init. `message.content` is already unlocked; of an object, the members named in
// `init_args` become environment variables. `deadline_ms`: epoch ms.
std::string init_body(const ActivationMessage& message, const Action& action,
                      std::int64_t deadline_ms);

// The body of POST /run: the content without what went to /init; an array goes whole.
std::string run_body(const ActivationMessage& message, const Action& action,
                     std::int64_t deadline_ms);

// What is known beside the answer.
struct CallFacts {
  std::chrono::milliseconds timeout{60'000};
  std::int64_t max_bytes = 1 << 20;  // ResponseBounds::max_bytes of the call
  bool memory_exhausted = false;     // Container::memory_exhausted(), asked when the call broke
};

// The container will not run the job and has not begun to: it may go to another one. True for a
// 503; with `may_reschedule` also for a connection that nobody accepted. Where this is true and
// there is no other container to try, the functions below make an ordinary failure of it.
bool gives_job_back(const CallOutcome& outcome, bool may_reschedule);

// Whether the time of the action was used up.
bool timed_out(const CallOutcome& outcome, const CallFacts& facts);

// Nothing when /init succeeded, else what the activation comes to.
std::optional<Response> init_failure(const CallOutcome& outcome, const CallFacts& facts);

// What /run comes to.
Response run_response(const CallOutcome& outcome, const CallFacts& facts);

}  // namespace invoker
