// Which number this invoker has.
#pragma once

#include "base/log.h"
#include "base/result.h"
#include "invoker_settings/settings.h"

namespace program {

// The number that was given, or the one that ZooKeeper has for its unique name. Blocks on
// ZooKeeper. Errors: as the assignment's.
base::Result<int> find_id(const invoker_settings::IdentitySettings& identity,
                          const base::Logger& log);

}  // namespace program
