// The proxy's own listening socket, where nobody hands one down.
#pragma once

#include <string>

#include "base/result.h"
#include "base/unique_fd.h"

namespace proxy {

// Listens on that port of every address, IPv6 included where there is any. Non-blocking. Errors:
// kInvalidArgument when `port` is no number of 0 to 65535, else as bind(2) says.
base::Result<base::UniqueFd> listen_on_port(const std::string& port);

}  // namespace proxy
