// A real GPU, through the driver's own library, which is opened when the device is made: nothing of
// CUDA is needed to compile or link this.
//
// Threads: as gpu_device::Device has it; every call makes the device's context current for its
// thread.
#pragma once

#include <memory>
#include <string>

#include "gpu_device/device.h"

namespace gpu_cuda {

struct CudaOptions {
  std::string library = "libcuda.so.1";
  int ordinal = 0;
};

// Null where there is no driver or no such device; `reason` then says which.
std::unique_ptr<gpu_device::Device> make_cuda_device(const CudaOptions& options,
                                                     std::string& reason);

}  // namespace gpu_cuda
