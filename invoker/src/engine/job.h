// One accepted message with everything that is known about it before it runs.
#pragma once

#include <memory>

#include "base/clock.h"
#include "hints/hints.h"
#include "invoker/action.h"
#include "invoker/container_pool.h"
#include "invoker/message.h"

namespace invoker {

struct Job {
  JobId id{};
  ActivationMessage message;
  std::shared_ptr<const Action> action;
  hints::Hints hints;
  base::Instant accepted;
  int reschedules = 0;  // written in the pool owner's turns only
};

}  // namespace invoker
