// The daemon's process: what the keeper starts, and starts again.
#pragma once

#include <csignal>

#include "base/log.h"
#include "base/result.h"
#include "config.h"

namespace storaged {

// Until one of the blocked `signals` comes, or the mount is gone.
base::Status serve(const Settings& settings, const base::Clock& clock, const base::Logger& log,
                   const sigset_t& signals);

}  // namespace storaged
