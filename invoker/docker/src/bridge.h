// The bridge that containers are reached by.
#pragma once

#include <string>

namespace invoker_docker {

// Whether this host shows that interface, and nobody gave it a hardware address.
bool has_no_address(const std::string& bridge);

}  // namespace invoker_docker
