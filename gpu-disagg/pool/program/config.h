// The settings of larder-gpud.
#pragma once

#include "base/config.h"
#include "base/log.h"
#include "base/result.h"
#include "gpu_pool/daemon.h"

namespace gpud {

struct Settings {
  gpu_pool::DaemonOptions daemon;
  base::LogConfig log;
};

// Every key, with its default.
base::Config settings();
// Makes the folders that it names. `program`: the path of this one, beside which that of sessions
// is.
base::Result<Settings> read(const base::Config& config, const std::filesystem::path& program);

}  // namespace gpud
