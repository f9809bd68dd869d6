#include "driver.h"

#include <dlfcn.h>

namespace gpu_cuda {

const Driver* open_driver(const std::string& library, std::string& reason) {
  void* handle = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    const char* why = dlerror();  // NOLINT(concurrency-mt-unsafe): its state is the thread's own
    reason = std::string("no CUDA driver: ") + (why != nullptr ? why : library.c_str());
    return nullptr;
  }
  auto driver = std::make_unique<Driver>();
#define GPU_CUDA_FIND(member, symbol, ...)                                                   \
  driver->member = reinterpret_cast<decltype(driver->member)>(dlsym(handle, symbol));        \
  if (driver->member == nullptr) {                                                           \
    reason = library + " has no " + (symbol) + ": a driver of CUDA 12.4 or later is needed"; \
    return nullptr;                                                                          \
  }
  GPU_CUDA_CALLS(GPU_CUDA_FIND)
#undef GPU_CUDA_FIND
  return driver.release();
}

}  // namespace gpu_cuda
