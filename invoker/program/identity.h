// Which number this invoker has.
#pragma once

#include "base/result.h"
#include "invoker_settings/settings.h"

namespace program {

// The number that was given, or the one that ZooKeeper has for its unique name. Blocks on
// ZooKeeper, for some seconds. Errors: as the assignment's; kUnavailable where trying again may
// help.
base::Result<int> find_id(const invoker_settings::IdentitySettings& identity);

}  // namespace program
