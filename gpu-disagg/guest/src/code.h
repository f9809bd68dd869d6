// Loading of code images, and what is known of their kernels afterwards.
#pragma once

#include <cstddef>
#include <string>

#include "guest.h"

namespace gpu_guest {

// Where the caller wants to read what the compiler said.
struct Logs {
  char* info = nullptr;
  char* error = nullptr;
  std::size_t info_bytes = 0, error_bytes = 0;
};

// Loads what `image` points at for a context (null: a library); gives the module's handle.
CUresult load(Guest& guest, const void* image, Context* context, Logs logs, std::uint64_t* module);
CUresult load_file(Guest& guest, const char* path, Context* context, std::uint64_t* module);
CUresult unload(Guest& guest, std::uint64_t handle);

CUresult find_kernel(Guest& guest, std::uint64_t handle, const char* name, std::uint64_t* kernel);
CUresult find_variable(Guest& guest, std::uint64_t handle, const char* name, CUdeviceptr* address,
                       std::size_t* bytes);

}  // namespace gpu_guest
