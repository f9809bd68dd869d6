// Devices by the names that the daemon's configuration has for them.
#pragma once

#include <string_view>

#include "base/result.h"
#include "lease.h"

namespace gpu_session_program {

// `host`: PTX on the CPU; `null`: costs nothing, for measuring. Errors: kInvalidArgument with the
// names there are.
base::Result<MakeDevice> device_maker(std::string_view name);

}  // namespace gpu_session_program
