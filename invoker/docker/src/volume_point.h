// The place of a volume in a container whose root the action may change.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace invoker_docker {

// Inside the container's mount namespace: makes the folders that `target` lacks, through no link.
base::Status make_volume_point(const std::string& target);

// The number by which the kernel lists the mount behind `tree`.
base::Result<std::uint64_t> mount_number(int tree);

// Whether process `pid` still sees that mount: an action with rights over its root can move the
// folder that a volume is mounted at, and then the name does not tell where it is.
bool sees_mount(int pid, std::uint64_t number);

}  // namespace invoker_docker
