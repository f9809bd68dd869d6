// Python and node: an interpreter that is started at once with a launcher of ours, and gets its
// code when /init comes.
//
// The launcher reads {"init":{"main","env"}} and answers {"ok":true}; after that it speaks the
// ActionLoop convention. A line of it that begins with '!' is the body of an answer 502.
#pragma once

#include <memory>
#include <vector>

#include "child.h"
#include "code.h"
#include "worker.h"

namespace proxy {

base::Result<std::unique_ptr<Worker>> make_interpreter_worker(std::vector<std::string> arguments,
                                                              CodeForm form, int children);

// With an interpreter that runs already.
std::unique_ptr<Worker> make_interpreter_worker(Child interpreter, CodeForm form, int children);

}  // namespace proxy
