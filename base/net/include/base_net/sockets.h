// TCP sockets that never block.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"

namespace base_net {

struct Address {
  std::string host;  // a numeric address
  std::uint16_t port = 0;

  bool operator==(const Address&) const = default;
};

// A socket on its way to `address`; fails later if it fails. Errors: kInvalidArgument.
base::Result<base::UniqueFd> connect_to(const Address& address);
// Errors: kInvalidArgument, kUnavailable.
base::Result<base::UniqueFd> listen_at(const Address& address);
base::Result<std::uint16_t> port_of(const base::UniqueFd& socket);
void use_without_delay(const base::UniqueFd& socket);

}  // namespace base_net
