// INIT: what the kernel and the session agree on, beyond what libfuse 3.14 knows of.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <span>
#include <vector>

#include "core.h"
#include "storage_fuse/file_system.h"

namespace storage_fuse {

// libfuse's answer to the INIT `request`, as it goes to the kernel. Bodies without headers.
std::vector<std::byte> negotiated(std::span<const std::byte> request,
                                  std::span<const std::byte> answer, bool passthrough);

// What both agreed on.
Abilities abilities_of(std::span<const std::byte> negotiated_answer);

}  // namespace storage_fuse
