// Processes of containers that the daemon has forgotten, or never knew to be running.
#pragma once

#include <string>
#include <vector>

namespace invoker_docker {

// A daemon that dies while it starts a container leaves a process that has an address and that the
// next daemon knows nothing of: the address is given to another container, and both answer to it.
//
// Ends every process whose control groups bear one of these ids (whole ones, as the daemon gives
// them), frozen or not, as far as this host shows them. Time: a look at every process of the host,
// and up to a second for those that were found. How many were found.
std::size_t end_processes_of(const std::vector<std::string>& ids);

}  // namespace invoker_docker
