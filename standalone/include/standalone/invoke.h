// What runs actions, as the control plane sees it.
#pragma once

#include "base/result.h"
#include "invoker/message.h"

namespace standalone {

// Threads: any method from any thread.
class Invoke {
 public:
  virtual ~Invoke() = default;

  // Takes the message over. Once accepted, it ends in exactly one ControlPlane::completed(), from
  // any thread, also before this returns. Errors: kUnavailable; then completed() is never called.
  virtual base::Status submit(invoker::ActivationMessage message) = 0;

  // The action was updated or deleted: what is kept warm for it is of no use any more.
  virtual void forget(const std::string& action_id) = 0;

  // For GET /invokers…: whether activations would be accepted now.
  virtual bool healthy() const = 0;
};

}  // namespace standalone
