// The memory of a process and of all that descend from it.
#pragma once

#include <sys/types.h>

namespace bench {

// Proportional set size in MB: memory shared by several processes is counted once.
double tree_memory_mb(pid_t root);

}  // namespace bench
