// The memory of a process and of all that descend from it.
#pragma once

#include <sys/types.h>

#include <map>
#include <string>

namespace bench {

// Proportional set size in MB of each program in the tree: memory shared by several processes is
// counted once.
std::map<std::string, double> tree_memory_mb(pid_t root);

}  // namespace bench
