// What has to work for an invoker to serve, and since when it does or does not.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "invoker/health.h"
#include "invoker_server/control_server.h"

namespace program {

// Threads: any.
class Readiness {
 public:
  // `names` in the order in which they are shown; none is well before it is noted to be.
  Readiness(const base::Clock& clock, const std::vector<std::string>& names);

  // The time of the state changes only with the state; the last error stays.
  // True when the state or its error is a new one.
  bool note(const std::string& name, const base::Status& status);

  // As somebody else has kept it.
  void take(const std::string& name, const invoker::Health& health);

  bool ok(const std::string& name) const;
  std::vector<invoker_server::Check> checks() const;

 private:
  const base::Clock& clock_;
  invoker_server::Check& find(const std::string& name);

  mutable std::mutex mutex_;  // guards checks_
  std::vector<invoker_server::Check> checks_;
};

}  // namespace program
