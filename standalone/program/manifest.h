// The runtimes manifest of a platform whose runtimes are the interpreters of its host.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "standalone/runtimes.h"

namespace program {

// `kinds`: "python:3", "nodejs:20"; each is the default of its family. "blackbox" needs no entry.
base::Result<standalone::Runtimes> manifest_of(const std::vector<std::string>& kinds);

}  // namespace program
