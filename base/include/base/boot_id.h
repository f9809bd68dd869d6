// Which run of the machine this is.
#pragma once

#include <string>

#include "base/result.h"

namespace base {

// The kernel's name for the time since the machine was started; another one after each start.
// Errors: of /proc.
Result<std::string> boot_id();

}  // namespace base
