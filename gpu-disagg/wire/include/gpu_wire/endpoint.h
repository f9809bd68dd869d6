// Where a session listens, and how the two ends meet.
//
//   unix:/path       a unix socket
//   ring:/path       the same socket, which then passes rings in shared memory; it stays as the
//   sign of life tcp:host:port    TCP with NODELAY and keepalive (60 s, then 3 times 15 s)
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/unique_fd.h"
#include "gpu_wire/transport.h"

namespace gpu_wire {

struct Endpoint {
  enum class Kind : std::uint8_t { kUnix, kRing, kTcp };
  Kind kind = Kind::kUnix;
  std::string place;  // the path, or the host
  std::uint16_t port = 0;
};

// kInvalidArgument with what is wrong.
base::Result<Endpoint> parse_endpoint(std::string_view text);

// Connects, trying again until `time` is over while nobody listens there yet. kUnavailable when
// that was in vain.
base::Result<std::unique_ptr<Transport>> connect(const Endpoint& endpoint,
                                                 std::chrono::milliseconds time);

// A listening socket; of a ring endpoint it is that of unix:. A TCP port of 0 is chosen by the
// kernel.
base::Result<base::UniqueFd> listen(const Endpoint& endpoint);

// The port that a TCP socket is bound to.
base::Result<std::uint16_t> port_of(int listening_fd);

// The server's end of an accepted socket: the client's first bytes say whether it wants rings,
// which takes up to `time`. Takes the descriptor, also when it fails.
base::Result<std::unique_ptr<Transport>> welcome_transport(int accepted_fd,
                                                           std::chrono::milliseconds time);

}  // namespace gpu_wire
