// What becomes of an invocation: the id while it runs, its result and its record when it is over.
#pragma once

#include "invocations.h"
#include "invoker/message.h"
#include "plane.h"

namespace standalone {

// What is kept of a message for the client who is told the id alone.
struct Accepted {
  invoker::ActivationMessage message;  // without its content
  ActionPtr action;
};
Accepted accepted_of(const invoker::ActivationMessage& message, const ActionPtr& action);

// Tells the client the id, once a record is sure to come even if this process ends before the
// activation does.
void answer_accepted(Plane& plane, const Accepted& accepted, WaitingClient client);

}  // namespace standalone
