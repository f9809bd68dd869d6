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

void Readiness::note(const std::string& name, const base::Status& status) {
  const std::lock_guard lock(mutex_);
  const auto check = std::ranges::find(checks_, name, &invoker_server::Check::name);
  CHECK(check != checks_.end());
  if (check->ok != status.ok()) check->since = clock_.wall();
  check->ok = status.ok();
  if (!status.ok()) {
    check->error = status.error().message;
  } else if (check->error == kNotYet) {
    check->error.clear();
  }
}

std::vector<invoker_server::Check> Readiness::checks() const {
  const std::lock_guard lock(mutex_);
  return checks_;
}

}  // namespace program
