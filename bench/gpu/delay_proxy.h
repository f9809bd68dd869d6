// Passes bytes between a client and a server, each so much later than it came: a network that is
// far away.
#pragma once

#include <chrono>

#include "gpu_wire/transport.h"

namespace bench_gpu {

// Until either side ends. Keeps what is under way in memory; bytes wait for nothing but the time.
void pass_on(gpu_wire::Transport& client, gpu_wire::Transport& server,
             std::chrono::microseconds each_way);

}  // namespace bench_gpu
