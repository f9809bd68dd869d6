// What a program sees of the driver, measured. One process has one session: each of these is called
// in a process of its own.
#pragma once

#include <cstdint>
#include <string>

#include "gpu_wire/endpoint.h"

namespace bench_gpu {

struct Figures {
  double raw_us, call_us;        // round trips, medians
  double launch_us;              // client side, median
  std::uint64_t calls, flushes;  // of a thousand launches and a synchronisation
  double raw_out, raw_in;        // GB/s of 64 MiB
  double copy_in, copy_out;
};

Figures measure(const std::string& session, const gpu_wire::Endpoint& raw);

// Launches per second, the last synchronisation included.
double launch_rate(const std::string& session);

}  // namespace bench_gpu
