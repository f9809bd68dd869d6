// The invoker's counters as Prometheus reads them.
#pragma once

#include <string>

#include "invoker/invoker.h"

namespace program {

// Text format 0.0.4.
std::string metrics_text(const invoker::InvokerStats& stats);

}  // namespace program
