// One accepted message with everything that is known about it before it runs.
#pragma once

#include <memory>
#include <optional>

#include "base/clock.h"
#include "hints/hints.h"
#include "invoker/action.h"
#include "invoker/container_pool.h"
#include "invoker/message.h"

namespace invoker {

// What is to be known of another invoker's activation beside its job. Used in the pool owner's
// turns only, but for `id`.
struct Guest {
  GuestId id = 0;
  JobDemand demand;
  std::optional<Command> parked;  // what the pool wants done for it, before it may begin
  bool may_begin = false;
  bool begun = false;  // it runs, or has
  bool gone = false;   // it never will
};

struct Job {
  JobId id{};
  ActivationMessage message;
  std::shared_ptr<const Action> action;
  hints::Hints hints;
  base::Instant accepted;
  base::Json locality;           // annotation of the record; null: none
  std::shared_ptr<Guest> guest;  // null: this invoker's own
  int reschedules = 0;           // written in the pool owner's turns only
};

}  // namespace invoker
