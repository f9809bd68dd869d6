// Where the session is, and the token that opens it.
#pragma once

#include <string>

#include "base/result.h"
#include "gpu_wire/endpoint.h"

namespace gpu_guest {

struct Settings {
  gpu_wire::Endpoint endpoint;
  std::string token;
  std::string host;
};

// From LARDER_GPU_ENDPOINT and LARDER_GPU_TOKEN; or from a file of two lines, `endpoint=...` and
// `token=...`, which LARDER_GPU_FILE names (/run/larder/gpu). kNotFound when there is neither: no
// GPU was asked for.
base::Result<Settings> read_settings();

}  // namespace gpu_guest
