// Sandboxes as the commands of this program set them up.
#pragma once

#include <string>

#include "invoker_container/sandbox_factory.h"

namespace program {

// With the interpreters of this host and the helper programs that lie beside this one. `instance`
// tells the sandboxes of several processes apart.
invoker_container::SandboxConfig host_sandboxes(const std::string& instance, bool python_stem);

}  // namespace program
