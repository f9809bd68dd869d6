// Bytes between a client and its session: a unix socket, TCP, or rings in shared memory.
//
// Threads: one sends and one receives at a time, and these two may be different; close() from any.
// Time: send() waits until the peer has room, receive() until there is something; both end when the
// peer is gone (its process, its machine, as far as keepalive tells) or after close(). Nothing
// waits for a dead peer. Errors: kUnavailable when the connection is over; it stays over.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <span>

#include "base/result.h"

namespace gpu_wire {

class Transport {
 public:
  virtual ~Transport() = default;

  // Sends all of `first`, then all of `second`.
  virtual base::Status send(std::span<const std::byte> first,
                            std::span<const std::byte> second) = 0;

  // Fills the beginning of `to`, which is not empty; gives how much, at least one byte.
  virtual base::Result<std::size_t> receive(std::span<std::byte> to) = 0;

  // Whether receive() would return at once (bytes, or the end), waiting up to `time` for that.
  virtual bool readable(std::chrono::milliseconds time) = 0;

  // Waits until the peer has closed its end or is gone, or until close(); what it sent before may
  // still be there. For a thread of its own, beside the one that receives.
  virtual void wait_gone() = 0;

  // Ends the connection, and the waits of others.
  virtual void close() = 0;
};

// A connected stream socket of either kind; takes the descriptor.
std::unique_ptr<Transport> make_socket_transport(int fd);

}  // namespace gpu_wire
