// Emptying and removing cgroups that nobody may be using any more.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/result.h"

namespace invoker_container {

// Kills every process in the trees below `directories` (frozen ones too) and removes the trees and
// the directories. Those that do not exist are done. Versions 1 and 2, also mixed: the directories
// of one set of processes must be given together, because a frozen process dies only once thawed.
// Errors: kUnavailable when something was still there after `patience`.
base::Status remove_cgroups(const std::vector<std::string>& directories,
                            std::chrono::milliseconds patience);

}  // namespace invoker_container
