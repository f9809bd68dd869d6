// Hands some activations over for no reason, so that operators see hand-off work before they need
// it.
#pragma once

#include <atomic>
#include <vector>

#include "invoker_handoff/placement.h"

namespace invoker_handoff {

// Threads: any, once made.
class Drill final : public Placement {
 public:
  // `percent` of the activations go to `peers`, by turns; what the others do `next` says (null:
  // they run here), which outlives it. `own`: this invoker's number.
  Drill(int own, int percent, std::vector<int> peers, Placement* next);

  Choice choose(const invoker::Placeable& activation, base::Instant now) override;
  void accepted(int peer, const invoker::JobDemand& demand, microseconds took) override;
  void refused(int peer) override;

 private:
  const int own_;
  const int percent_;
  const std::vector<int> peers_;
  Placement* const next_;
  std::atomic<std::uint64_t> count_ = 0;
};

}  // namespace invoker_handoff
