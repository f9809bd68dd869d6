#include "readiness.h"

#include <algorithm>

#include "base/check.h"

namespace program {
namespace {

constexpr const char* kNotYet = "not looked at yet";

}  // namespace

Readiness::Readiness(const base::Clock& clock, const std::vector<std::string>& names)
    : clock_(clock) {
  for (const std::string& name : names) {
    checks_.push_back({name, false, kNotYet, clock.wall()});
  }
}

bool Readiness::note(const std::string& name, const base::Status& status) {
  const std::lock_guard lock(mutex_);
  invoker_server::Check& check = find(name);
  const bool is_first = check.error == kNotYet;
  const bool turned = check.ok != status.ok();
  const bool is_new = turned || (!status.ok() && check.error != status.error().message);
  if (turned || is_first) check.since = clock_.wall();
  check.ok = status.ok();
  if (!status.ok()) {
    check.error = status.error().message;
  } else if (is_first) {
    check.error.clear();
  }
  return is_new;
}

void Readiness::take(const std::string& name, const invoker::Health& health) {
  const std::lock_guard lock(mutex_);
  invoker_server::Check& check = find(name);
  check.ok = health.ok;
  check.since = health.since;
  // An error of the time before this health was kept stays.
  if (!health.last_error.empty()) check.error = health.last_error;
}

invoker_server::Check& Readiness::find(const std::string& name) {
  const auto check = std::ranges::find(checks_, name, &invoker_server::Check::name);
  CHECK(check != checks_.end());
  return *check;
}

bool Readiness::ok(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  return std::ranges::any_of(
      checks_, [&](const invoker_server::Check& check) { return check.name == name && check.ok; });
}

std::vector<invoker_server::Check> Readiness::checks() const {
  const std::lock_guard lock(mutex_);
  return checks_;
}

}  // namespace program
