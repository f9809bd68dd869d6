// A GPU played by the CPU: PTX, interpreted 32 lanes at a time. Its name says that it is no GPU.
//
// Threads: as gpu_device::Device has it. The device has `threads` + 1 threads of its own and one
// for host functions; they end with it.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>

#include "gpu_device/device.h"

namespace gpu_host {

struct HostOptions {
  // What there is to give out. Pages are taken from the machine once they are written.
  std::uint64_t memory_bytes = std::uint64_t{1} << 30;
  // That run the blocks of a kernel: 1 to 64.
  unsigned threads = 2;
  // A kernel that runs longer is ended with kLaunchTimeout, sticky; 0 is no limit.
  std::chrono::milliseconds kernel_time_most{0};
  // Kernels do nothing: for measuring what lies around them.
  bool null_launches = false;
};

std::unique_ptr<gpu_device::Device> make_host_device(const HostOptions& options);

}  // namespace gpu_host
