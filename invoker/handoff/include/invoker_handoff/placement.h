// Where an activation should run, as who hands it over needs to know it.
#pragma once

#include <chrono>
#include <functional>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "invoker/delegate.h"

namespace invoker_handoff {

using std::chrono::microseconds;

struct Choice {
  enum class Where : std::uint8_t { kHere, kPeer, kWait };
  Where where = Where::kHere;
  // kPeer: the numbers of invokers to whom it is offered, the best first. kWait: the same, at
  // `again_at`; when none of them takes it, and where there are none, it is decided again.
  std::vector<int> peers;
  base::Instant again_at{};
  // Annotation `locality` of the record when that invoker runs it, after so long for the decision
  // and for all that came before the run; null: none. Kept for as long as the activation.
  std::function<base::Json(int invoker, microseconds decision, microseconds waited)> note;
};

// Threads: any. Time: choose() is called for each activation before it runs, so a tenth of a
// millisecond at most.
class Placement {
 public:
  virtual ~Placement() = default;

  virtual Choice choose(const invoker::Placeable& activation, base::Instant now) = 0;

  // What an offer came to: it was accepted after so long, or was not.
  virtual void accepted(int peer, const invoker::JobDemand& demand, microseconds took) = 0;
  virtual void refused(int peer) = 0;
};

}  // namespace invoker_handoff
