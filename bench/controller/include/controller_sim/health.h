// Whether a controller sends work to an invoker: the state machine of OpenWhisk's
// InvokerSupervision for one invoker. Events and the time in, no I/O; not thread-safe.
#pragma once

#include <chrono>
#include <deque>
#include <string_view>

#include "base/clock.h"

namespace controller_sim {

enum class HealthState { kHealthy, kUnhealthy, kUnresponsive, kOffline };

// "up", "unhealthy", "unresponsive", "down".
std::string_view name_of(HealthState state);

enum class Outcome { kSuccess, kSystemError, kTimeout };

class InvokerHealth {
 public:
  static constexpr std::chrono::seconds kSilence{10};
  static constexpr std::chrono::minutes kTestEvery{1};

  // An id that has not pinged yet is Offline.
  HealthState state() const { return state_; }

  void ping(bool enabled, base::Instant now);
  void outcome(Outcome outcome, base::Instant now);
  void tick(base::Instant now);

  // True once for each test activation that is due.
  bool take_test_due(base::Instant now);

 private:
  void enter(HealthState state, base::Instant now);
  void judge(Outcome outcome, base::Instant now);

  HealthState state_ = HealthState::kOffline;
  base::Instant last_ping_{};
  base::Instant next_test_{};
  bool seen_ = false;
  std::deque<Outcome> last_outcomes_;
};

}  // namespace controller_sim
