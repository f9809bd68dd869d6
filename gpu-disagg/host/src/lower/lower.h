// Syntax to a program that runs. All that is not built is found here, before anything runs.
#pragma once

#include "base/result.h"
#include "lower/symbols.h"
#include "run/program.h"

namespace gpu_host {

// kUnsupported or kInvalidArgument name the line and the instruction. At most `instructions_most`
// are made of a kernel and all functions that it reaches.
base::Result<Program> lower_kernel(const ptx::Function& kernel, const Symbols& symbols,
                                   std::size_t instructions_most);

}  // namespace gpu_host
