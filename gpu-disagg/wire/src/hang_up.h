// The sign of death that both kinds of transport have: their socket.
#pragma once

namespace gpu_wire {

// Returns once the other end of the socket is closed, or this one is shut down.
void wait_gone(int fd);

}  // namespace gpu_wire
