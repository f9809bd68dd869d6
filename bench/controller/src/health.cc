#include "controller_sim/health.h"

#include <algorithm>

namespace controller_sim {
namespace {

constexpr std::size_t kRemembered = 10;
constexpr std::ptrdiff_t kTolerated = 3;

}  // namespace

std::string_view name_of(HealthState state) {
  switch (state) {
    case HealthState::kHealthy:
      return "up";
    case HealthState::kUnhealthy:
      return "unhealthy";
    case HealthState::kUnresponsive:
      return "unresponsive";
    case HealthState::kOffline:
      return "down";
  }
  return "down";
}

void InvokerHealth::enter(HealthState state, base::Instant now) {
  if (state == state_) return;
  state_ = state;
  const bool wants_test = state == HealthState::kUnhealthy || state == HealthState::kUnresponsive;
  if (wants_test) next_test_ = now;
}

void InvokerHealth::ping(bool enabled, base::Instant now) {
  last_ping_ = now;
  seen_ = true;
  if (!enabled) {
    enter(HealthState::kOffline, now);
  } else if (state_ == HealthState::kOffline) {
    enter(HealthState::kUnhealthy, now);
  }
}

void InvokerHealth::outcome(Outcome outcome, base::Instant now) {
  if (state_ == HealthState::kUnhealthy && outcome == Outcome::kSuccess) next_test_ = now;
  last_outcomes_.push_back(outcome);
  if (last_outcomes_.size() > kRemembered) last_outcomes_.pop_front();
  judge(outcome, now);
}

void InvokerHealth::judge(Outcome outcome, base::Instant now) {
  if (state_ == HealthState::kOffline) return;
  if (state_ == HealthState::kHealthy && outcome == Outcome::kSuccess) return;
  const bool few = std::ssize(last_outcomes_) <= kTolerated;
  if (std::ranges::count(last_outcomes_, Outcome::kSystemError) > kTolerated) {
    enter(HealthState::kUnhealthy, now);
  } else if (std::ranges::count(last_outcomes_, Outcome::kTimeout) > kTolerated) {
    enter(HealthState::kUnresponsive, now);
  } else if (outcome == Outcome::kSuccess) {
    enter(HealthState::kHealthy, now);
  } else if (few) {
    enter(outcome == Outcome::kSystemError ? HealthState::kUnhealthy : HealthState::kUnresponsive,
          now);
  }
}

void InvokerHealth::tick(base::Instant now) {
  if (seen_ && now - last_ping_ > kSilence) enter(HealthState::kOffline, now);
}

bool InvokerHealth::take_test_due(base::Instant now) {
  const bool tested = state_ == HealthState::kUnhealthy || state_ == HealthState::kUnresponsive;
  if (!tested || now < next_test_) return false;
  next_test_ = now + kTestEvery;
  return true;
}

}  // namespace controller_sim
