// What this process sees of a container's first process, when both are on one host.
#pragma once

#include <optional>
#include <string>

#include "base/unique_fd.h"
#include "freezer.h"

namespace invoker_docker {

struct HostView {
  int pid = 0;
  base::UniqueFd pidfd;            // not valid: the process is not seen here
  base::UniqueFd mount_namespace;  // not valid: volumes cannot be attached
  std::optional<Freezer> freezer;
};

// Nothing of it is an error: what is not seen is left out, and the daemon is asked instead.
HostView look_at(int pid, const std::string& container_id);

}  // namespace invoker_docker
