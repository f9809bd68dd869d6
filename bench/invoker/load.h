// Load on an invoker from within its process, and what came of it.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "figures.h"
#include "world.h"

namespace bench {

struct LoadResult {
  double per_second = 0;
  Samples overhead_ms;  // message accepted → result ready, without /run itself
};

// Keeps `in_flight` activations going, over the actions in turn, for `time`.
LoadResult closed_load(World& world, invoker::Invoker& invoker,
                       const std::vector<std::string>& actions, int in_flight,
                       std::chrono::milliseconds time);

// Sends `per_second` activations of one action at even distances, for `time`.
LoadResult open_load(World& world, invoker::Invoker& invoker, const std::string& action,
                     double per_second, std::chrono::milliseconds time);

}  // namespace bench
