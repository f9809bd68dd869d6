#include "invoker/health.h"

namespace invoker {

HealthKeeper::HealthKeeper(const base::Clock& clock) : clock_(clock) {
  health_.since = clock_.wall();
}

bool HealthKeeper::note(const base::Status& status) {
  const std::lock_guard lock(mutex_);
  const bool changed = health_.ok != status.ok();
  if (changed) health_.since = clock_.wall();
  health_.ok = status.ok();
  if (!status.ok()) health_.last_error = status.error().message;
  return changed;
}

Health HealthKeeper::health() const {
  const std::lock_guard lock(mutex_);
  return health_;
}

}  // namespace invoker
