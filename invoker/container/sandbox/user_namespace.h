// A user namespace made ahead of the process that will live in it.
#pragma once

#include <cstdint>

#include "base/result.h"
#include "base/unique_fd.h"

namespace sandbox {

// Ids 0..65535 of the new namespace are `base`..`base`+65535 outside, and `base` is who made it:
// what the kernel counts inside, it counts for that user outside, not for root. Only for a process
// of one thread, with every capability.
base::Result<base::UniqueFd> make_user_namespace(std::int64_t base);

}  // namespace sandbox
