// Under which ids a container sees files that are stored with ids of no host's.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace invoker_docker {

// A map as in /proc/PID/uid_map: from ids as files have them to ids of this host, so that
// `container_map`, the container's own, holds for all but two: files of invoker::kActionOwner
// belong to `user`, an id of this host, and files of the container's id for that to what
// kActionOwner would be. "" where nothing differs from the ids of the host. Pure.
// Errors: kUnsupported where the container has no such user; kInvalidArgument for what is no map.
base::Result<std::string> owner_map(std::string_view container_map, std::uint32_t user);

}  // namespace invoker_docker
