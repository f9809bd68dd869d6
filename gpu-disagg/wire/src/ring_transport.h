// Rings over a unix socket: what each end does to get from the one to the other.
#pragma once

#include <sys/socket.h>

#include <array>
#include <chrono>
#include <memory>

#include "base/result.h"
#include "base/unique_fd.h"
#include "gpu_wire/transport.h"

namespace gpu_wire {

// The opcode of the empty frame with which a client asks for rings.
inline constexpr std::uint16_t kUseRings = 0x0002;

// The client's side: asks, and takes what the server passes.
base::Result<std::unique_ptr<Transport>> ask_for_rings(base::UniqueFd socket,
                                                       std::chrono::milliseconds time);

// The server's side, after the client's frame was taken from the socket: makes the rings and passes
// them.
base::Result<std::unique_ptr<Transport>> pass_rings(base::UniqueFd socket);

}  // namespace gpu_wire
