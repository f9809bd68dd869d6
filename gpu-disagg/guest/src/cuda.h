// The driver API's types, as far as this library looks into them; numbers and layouts are those of
// CUDA 13.0.
#pragma once

#include <cstddef>
#include <cstdint>

extern "C" {

using CUresult = int;
using CUdevice = int;
using CUdeviceptr = std::uint64_t;
using CUcontext = struct CuContextHandle*;
using CUmodule = struct CuModuleHandle*;
using CUlibrary = struct CuLibraryHandle*;
using CUfunction = struct CuFunctionHandle*;
using CUkernel = struct CuKernelHandle*;
using CUstream = struct CuStreamHandle*;
using CUevent = struct CuEventHandle*;
using CUarray = struct CuArrayHandle*;
using CUgraph = struct CuGraphHandle*;
using CUhostFn = void (*)(void* user);
using CUstreamCallback = void (*)(CUstream stream, CUresult status, void* user);
using CUoccupancyB2DSize = std::size_t (*)(int block_threads);

struct CUuuid {
  char bytes[16];
};

struct CUdevprop {
  int max_threads_per_block;
  int max_threads_dim[3];
  int max_grid_size[3];
  int shared_mem_per_block;
  int total_constant_memory;
  int simd_width;
  int mem_pitch;
  int regs_per_block;
  int clock_rate;
  int texture_align;
};

struct CUDA_MEMCPY2D {
  std::size_t src_x, src_y;
  unsigned src_type;
  const void* src_host;
  CUdeviceptr src_device;
  CUarray src_array;
  std::size_t src_pitch;
  std::size_t dst_x, dst_y;
  unsigned dst_type;
  void* dst_host;
  CUdeviceptr dst_device;
  CUarray dst_array;
  std::size_t dst_pitch;
  std::size_t width, height;
};

struct CUDA_MEMCPY3D {
  std::size_t src_x, src_y, src_z, src_lod;
  unsigned src_type;
  const void* src_host;
  CUdeviceptr src_device;
  CUarray src_array;
  void* reserved0;
  std::size_t src_pitch, src_height;
  std::size_t dst_x, dst_y, dst_z, dst_lod;
  unsigned dst_type;
  void* dst_host;
  CUdeviceptr dst_device;
  CUarray dst_array;
  void* reserved1;
  std::size_t dst_pitch, dst_height;
  std::size_t width, height, depth;
};

struct CUlaunchAttribute {
  unsigned id;
  char pad[4];
  unsigned char value[64];
};

struct CUlaunchConfig {
  unsigned grid[3];
  unsigned block[3];
  unsigned shared_bytes;
  CUstream stream;
  CUlaunchAttribute* attributes;
  unsigned attribute_count;
};

}  // extern "C"

namespace gpu_guest {

// CUresult, as far as this library answers by itself.
enum : CUresult {
  kSuccess = 0,
  kInvalidValue = 1,
  kOutOfMemory = 2,
  kNotInitialized = 3,
  kDeviceUnavailable = 46,
  kNoDevice = 100,
  kInvalidDevice = 101,
  kInvalidImage = 200,
  kInvalidContext = 201,
  kUnsupportedLimit = 215,
  kFileNotFound = 301,
  kInvalidHandle = 400,
  kNotFound = 500,
  kNotReady = 600,
  kLaunchOutOfResources = 701,
  kPrimaryContextActive = 708,
  kContextIsDestroyed = 709,
  kHostMemoryAlreadyRegistered = 712,
  kHostMemoryNotRegistered = 713,
  kNotSupported = 801,
  kUnknown = 999,
};

}  // namespace gpu_guest
