// How something that the invoker needs is, and since when.
#pragma once

#include <mutex>
#include <string>

#include "base/clock.h"
#include "base/result.h"

namespace invoker {

struct Health {
  bool ok = true;
  std::string last_error;  // stays when it is well again
  base::WallTime since;    // of the present state
};

// Remembers what was last said of it. Threads: any. Well from the beginning.
class HealthKeeper {
 public:
  // `clock` outlives it.
  explicit HealthKeeper(const base::Clock& clock);

  // True when the state changed.
  bool note(const base::Status& status);
  Health health() const;

 private:
  const base::Clock& clock_;
  mutable std::mutex mutex_;  // guards health_
  Health health_;
};

}  // namespace invoker
