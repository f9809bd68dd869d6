// PTX text to syntax. The text is hostile: sizes are bounded, and recursion is too.
#pragma once

#include <string_view>

#include "base/result.h"
#include "ptx/syntax.h"

namespace gpu_host::ptx {

// `source` must outlive the module. kInvalidArgument: not PTX; kUnsupported: PTX that is not built
// here. Messages name the line.
base::Result<Module> parse(std::string_view source);

}  // namespace gpu_host::ptx
