// Other invokers, as an invoker needs them: who might run an activation in its place.
#pragma once

#include "base/clock.h"
#include "base/json.h"
#include "hints/hints.h"
#include "invoker/action.h"
#include "invoker/container_pool.h"
#include "invoker/message.h"

namespace invoker {

// An activation that is ready to be run, and could be run elsewhere. Good while place() runs.
struct Placeable {
  JobId job{};
  const ActivationMessage& message;
  const Action& action;
  const hints::Hints& hints;
  const JobDemand& demand;
  base::Instant accepted;
};

// Why a guest that was to be begun was not.
enum class GuestTrouble {
  kCannotBegin,     // no container, no action, or one that this invoker cannot run
  kNotWhatWasSaid,  // it is not what its place was reserved for
};

// Threads: any method from any thread; none blocks.
class Delegate {
 public:
  struct Verdict {
    bool taken = false;        // then it is the delegate's, until it calls back
    base::Json locality = {};  // annotation of the record; null: none. Where it is not taken
  };

  virtual ~Delegate() = default;

  // Where it shall run. What is taken comes back by exactly one of Invoker::run_here(),
  // place_again(), ended_elsewhere() and lost_elsewhere(), perhaps before this returns.
  virtual Verdict place(const Placeable& activation) = 0;

  // Nothing of it has happened. It keeps its place until it is released.
  virtual void guest_in_trouble(GuestId guest, GuestTrouble trouble) = 0;
};

}  // namespace invoker
