// One run from set-up to report.
#pragma once

#include "controller_sim/controller.h"
#include "controller_sim/figures.h"
#include "controller_sim/options.h"

namespace controller_sim {

// Threads: the caller's, for as long as it takes; `signals` may be set from any. Breaches are no
// error: they are in `breaches`. Errors: what made the run impossible, with Kafka's or the
// database's reason.
base::Result<RunReport> run(const Options& options, Breaches& breaches, Signals& signals,
                            const Say& say);

}  // namespace controller_sim
