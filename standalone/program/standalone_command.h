// `larder standalone`: the whole platform in one process tree, until SIGINT or SIGTERM.
#pragma once

#include <chrono>
#include <string>

#include "base/log.h"
#include "platform.h"

namespace program {

struct StandaloneOptions {
  PlatformConfig platform;
  base::LogConfig log;
  bool clean = false;  // remove what earlier runs left in the data directory
  std::chrono::milliseconds patience{10'000};  // for running activations, at the end
};

// The exit status: 0 after a stop that was asked for, 1 when the platform could not start.
int run_standalone(const StandaloneOptions& options);

}  // namespace program
