// A code image on its way into a device: its variables in memory, its kernels ready to run.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "device/arena.h"
#include "gpu_device/module.h"
#include "gpu_device/result.h"
#include "run/program.h"

namespace gpu_host {

struct LoadedKernel {
  std::shared_ptr<const Program> program;
  std::uint32_t threads_most = 1024;
  bool threads_exact = false;  // .reqntid: `threads` and no others
  gpu_device::Dim3 threads;
  std::uint64_t const_bytes = 0;
  std::uint32_t ptx_version = 0;
  std::vector<gpu_device::ParameterLayout> parameters;
};

struct LoadedModule {
  std::vector<LoadedKernel> kernels;
  std::vector<gpu_device::GlobalInfo> globals;  // each an allocation of the arena
};

// kInvalidPtx, kUnsupportedPtxVersion, kOutOfMemory, with sentences in `log`. Nothing stays
// allocated where it fails.
gpu_device::CuResult load_module(const std::string& ptx, Arena& arena, LoadedModule& module,
                                 std::string& log);
void unload_module(Arena& arena, const LoadedModule& module);

}  // namespace gpu_host
