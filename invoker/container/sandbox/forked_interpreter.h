// An interpreter that has been started once and is forked for each sandbox.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string>
#include <vector>

#include "base/result.h"

namespace sandbox {

// Runs actions in a process that was forked from this one, and never returns. `environment` is
// `size` bytes: "KEY=value", each with a zero byte behind it. Descriptors: orders come on standard
// input, answers go to 3.
using Interpreter = void (*)(const char* environment, std::size_t size);

struct ForkedInterpreter {
  pid_t pid = 0;
  int input = -1;    // orders go in here
  int answers = -1;  // answers come out here
};

// Forks the calling process, which is the first one of a sandbox and has nothing left to give up.
// The child keeps standard output and error, and no other descriptor. Errors: of the kernel.
base::Result<ForkedInterpreter> fork_interpreter(Interpreter interpreter,
                                                 const std::vector<std::string>& environment);

}  // namespace sandbox
