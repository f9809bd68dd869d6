// The calls of the driver that are used here, by the names and signatures of its public interface.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <type_traits>

namespace gpu_cuda {

using Result = int;
using Handle = void*;
using DevicePointer = unsigned long long;

struct Uuid {
  char bytes[16];
};

// Each member is looked up by the symbol beside it.
#define GPU_CUDA_CALLS(CALL)                                                                       \
  CALL(init, "cuInit", Result (*)(unsigned))                                                       \
  CALL(driver_version, "cuDriverGetVersion", Result (*)(int*))                                     \
  CALL(device_get, "cuDeviceGet", Result (*)(int*, int))                                           \
  CALL(device_name, "cuDeviceGetName", Result (*)(char*, int, int))                                \
  CALL(device_uuid, "cuDeviceGetUuid", Result (*)(Uuid*, int))                                     \
  CALL(device_total, "cuDeviceTotalMem_v2", Result (*)(std::size_t*, int))                         \
  CALL(device_attribute, "cuDeviceGetAttribute", Result (*)(int*, int, int))                       \
  CALL(device_pci, "cuDeviceGetPCIBusId", Result (*)(char*, int, int))                             \
  CALL(context_create, "cuCtxCreate_v2", Result (*)(Handle*, unsigned, int))                       \
  CALL(context_destroy, "cuCtxDestroy_v2", Result (*)(Handle))                                     \
  CALL(context_set, "cuCtxSetCurrent", Result (*)(Handle))                                         \
  CALL(context_synchronize, "cuCtxSynchronize", Result (*)())                                      \
  CALL(memory_info, "cuMemGetInfo_v2", Result (*)(std::size_t*, std::size_t*))                     \
  CALL(allocate, "cuMemAlloc_v2", Result (*)(DevicePointer*, std::size_t))                         \
  CALL(free, "cuMemFree_v2", Result (*)(DevicePointer))                                            \
  CALL(host_allocate, "cuMemHostAlloc", Result (*)(void**, std::size_t, unsigned))                 \
  CALL(host_free, "cuMemFreeHost", Result (*)(void*))                                              \
  CALL(host_pointer, "cuMemHostGetDevicePointer_v2", Result (*)(DevicePointer*, void*, unsigned))  \
  CALL(address_range, "cuMemGetAddressRange_v2",                                                   \
       Result (*)(DevicePointer*, std::size_t*, DevicePointer))                                    \
  CALL(copy_in, "cuMemcpyHtoDAsync_v2",                                                            \
       Result (*)(DevicePointer, const void*, std::size_t, Handle))                                \
  CALL(copy_out, "cuMemcpyDtoHAsync_v2", Result (*)(void*, DevicePointer, std::size_t, Handle))    \
  CALL(copy, "cuMemcpyDtoDAsync_v2",                                                               \
       Result (*)(DevicePointer, DevicePointer, std::size_t, Handle))                              \
  CALL(fill8, "cuMemsetD8Async", Result (*)(DevicePointer, unsigned char, std::size_t, Handle))    \
  CALL(fill16, "cuMemsetD16Async", Result (*)(DevicePointer, unsigned short, std::size_t, Handle)) \
  CALL(fill32, "cuMemsetD32Async", Result (*)(DevicePointer, unsigned, std::size_t, Handle))       \
  CALL(module_load, "cuModuleLoadDataEx",                                                          \
       Result (*)(Handle*, const void*, unsigned, int*, void**))                                   \
  CALL(module_unload, "cuModuleUnload", Result (*)(Handle))                                        \
  CALL(module_global, "cuModuleGetGlobal_v2",                                                      \
       Result (*)(DevicePointer*, std::size_t*, Handle, const char*))                              \
  CALL(function_count, "cuModuleGetFunctionCount", Result (*)(unsigned*, Handle))                  \
  CALL(functions, "cuModuleEnumerateFunctions", Result (*)(Handle*, unsigned, Handle))             \
  CALL(function_name, "cuFuncGetName", Result (*)(const char**, Handle))                           \
  CALL(function_parameter, "cuFuncGetParamInfo",                                                   \
       Result (*)(Handle, std::size_t, std::size_t*, std::size_t*))                                \
  CALL(function_attribute, "cuFuncGetAttribute", Result (*)(int*, int, Handle))                    \
  CALL(set_function_attribute, "cuFuncSetAttribute", Result (*)(Handle, int, int))                 \
  CALL(launch, "cuLaunchKernel",                                                                   \
       Result (*)(Handle, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned,    \
                  Handle, void**, void**))                                                         \
  CALL(launch_cooperative, "cuLaunchCooperativeKernel",                                            \
       Result (*)(Handle, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned,    \
                  Handle, void**))                                                                 \
  CALL(occupancy, "cuOccupancyMaxActiveBlocksPerMultiprocessor",                                   \
       Result (*)(int*, Handle, int, std::size_t))                                                 \
  CALL(block_size, "cuOccupancyMaxPotentialBlockSize",                                             \
       Result (*)(int*, int*, Handle, std::size_t (*)(int), std::size_t, int))                     \
  CALL(stream_create, "cuStreamCreateWithPriority", Result (*)(Handle*, unsigned, int))            \
  CALL(stream_destroy, "cuStreamDestroy_v2", Result (*)(Handle))                                   \
  CALL(stream_query, "cuStreamQuery", Result (*)(Handle))                                          \
  CALL(stream_synchronize, "cuStreamSynchronize", Result (*)(Handle))                              \
  CALL(stream_wait, "cuStreamWaitEvent", Result (*)(Handle, Handle, unsigned))                     \
  CALL(call_host, "cuLaunchHostFunc", Result (*)(Handle, void (*)(void*), void*))                  \
  CALL(allocate_ordered, "cuMemAllocAsync", Result (*)(DevicePointer*, std::size_t, Handle))       \
  CALL(free_ordered, "cuMemFreeAsync", Result (*)(DevicePointer, Handle))                          \
  CALL(event_create, "cuEventCreate", Result (*)(Handle*, unsigned))                               \
  CALL(event_destroy, "cuEventDestroy_v2", Result (*)(Handle))                                     \
  CALL(event_record, "cuEventRecord", Result (*)(Handle, Handle))                                  \
  CALL(event_query, "cuEventQuery", Result (*)(Handle))                                            \
  CALL(event_synchronize, "cuEventSynchronize", Result (*)(Handle))                                \
  CALL(event_elapsed, "cuEventElapsedTime", Result (*)(float*, Handle, Handle))

struct Driver {
#define GPU_CUDA_MEMBER(member, symbol, ...) std::type_identity_t<__VA_ARGS__> member = nullptr;
  GPU_CUDA_CALLS(GPU_CUDA_MEMBER)
#undef GPU_CUDA_MEMBER
};

// Null, with the reason, where the library or one of the calls is missing. Never closed again: the
// driver has threads and exit handlers of its own.
const Driver* open_driver(const std::string& library, std::string& reason);

}  // namespace gpu_cuda
