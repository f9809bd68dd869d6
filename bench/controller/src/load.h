// The load: which call goes out when.
#pragma once

#include "controller_sim/controller.h"
#include "controller_sim/figures.h"

namespace controller_sim {

// Sends the calls of one phase and waits until none is open, or the run is stopped. The first
// `actions` actions are called in turn.
class Load {
 public:
  Load(const LoadOptions& options, Controller& controller, Say say)
      : options_(&options), controller_(&controller), say_(std::move(say)) {}

  PhaseFigures run(std::size_t actions);
  // Until nothing is open any more.
  void drain();

 private:
  void send_all(std::size_t actions, std::uint64_t count, bool counted);
  bool may_send(base::Instant now) const;
  std::chrono::microseconds wait_time(base::Instant now) const;
  void progress(base::Instant now);

  const LoadOptions* options_;
  Controller* controller_;
  Say say_;
  base::SystemClock clock_;
  std::uint64_t number_ = 0;   // of the next call, over all phases
  std::uint64_t refused_ = 0;  // in this phase
  std::uint64_t sent_ = 0;     // in this round of send_all()
  base::Instant started_{};
  base::Instant next_progress_{};
  base::Instant refused_until_{};
};

}  // namespace controller_sim
