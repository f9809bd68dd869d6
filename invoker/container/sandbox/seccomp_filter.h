// Which system calls a sandbox may make: a list of what is allowed.
#pragma once

#include <linux/filter.h>

#include <vector>

#include "base/result.h"

namespace sandbox {

// The filter as the kernel takes it. Calls that are not on the list fail: those that this file
// knows and forbids with EPERM, everything else with ENOSYS, so that a libc falls back to older
// calls.
base::Result<std::vector<sock_filter>> compile_filter();

// Puts the filter over this thread and its children for good. Wants no_new_privs.
base::Status apply_filter(const std::vector<sock_filter>& filter);

}  // namespace sandbox
