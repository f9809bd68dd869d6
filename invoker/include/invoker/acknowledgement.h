// What is said to a controller about an activation, in the topic `completed` of that controller,
// and to whoever listens to the topic `events`.
//
// Pure functions: threads and time are the caller's.
#pragma once

#include <optional>
#include <string>

#include "base/clock.h"
#include "base/json.h"
#include "invoker/activation.h"
#include "invoker/instance.h"
#include "invoker/invoker.h"
#include "invoker/message.h"

namespace invoker {

// A result tells the caller's controller the answer, a completion gives back the place in its
// books, a combined acknowledgement does both. The controller tells them apart by their keys.
enum class AckKind { kResult, kCompletion, kCombined };

// The acknowledgement that ends an activation. OpenWhisk's rule: a completion where the result was
// told before or nobody waits for it, else both in one; always both where no container ran.
AckKind final_ack(bool blocking, Progress progress);

// `shrunk`: the activation's id in place of the activation; the controller then reads the record
// from the database. Wanted whenever nobody waits, and when the whole is larger than the bus takes.
// The transaction id is repeated as it came. A result holds no logs, whatever the activation has.
std::string result_ack(const ActivationMessage& message, const Activation& activation, bool shrunk);
std::string completion_ack(const ActivationMessage& message, StatusCode code,
                           const base::Json& instance);
std::string combined_ack(const ActivationMessage& message, const Activation& activation,
                         const base::Json& instance, bool shrunk);

// The event of an activation that ended. Nothing where its record lacks path or kind.
std::optional<std::string> activation_event(const ActivationMessage& message,
                                            const Activation& activation, const std::string& source,
                                            base::WallTime now);

}  // namespace invoker
