// What a device says of itself; taken once, it never changes while the device lives.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

namespace gpu_device {

// One more than the highest CUdevice_attribute that is asked for.
inline constexpr std::size_t kAttributeCount = 160;

// Numbers of CUdevice_attribute that code here names. The others are in the table all the same.
enum DeviceAttribute : std::size_t {
  kMaxThreadsPerBlock = 1,
  kMaxBlockDimX = 2,
  kMaxBlockDimY = 3,
  kMaxBlockDimZ = 4,
  kMaxGridDimX = 5,
  kMaxGridDimY = 6,
  kMaxGridDimZ = 7,
  kMaxSharedMemoryPerBlock = 8,
  kTotalConstantMemory = 9,
  kWarpSize = 10,
  kMaxPitch = 11,
  kMaxRegistersPerBlock = 12,
  kClockRateKhz = 13,
  kTextureAlignment = 14,
  kGpuOverlap = 15,
  kMultiprocessorCount = 16,
  kKernelExecTimeout = 17,
  kIntegrated = 18,
  kCanMapHostMemory = 19,
  kComputeMode = 20,
  kSurfaceAlignment = 30,
  kConcurrentKernels = 31,
  kEccEnabled = 32,
  kPciBusId = 33,
  kPciDeviceId = 34,
  kMemoryClockRateKhz = 36,
  kGlobalMemoryBusWidth = 37,
  kL2CacheSize = 38,
  kMaxThreadsPerMultiprocessor = 39,
  kAsyncEngineCount = 40,
  kUnifiedAddressing = 41,
  kPciDomainId = 50,
  kTexturePitchAlignment = 51,
  kComputeCapabilityMajor = 75,
  kComputeCapabilityMinor = 76,
  kStreamPrioritiesSupported = 78,
  kGlobalL1CacheSupported = 79,
  kLocalL1CacheSupported = 80,
  kMaxSharedMemoryPerMultiprocessor = 81,
  kMaxRegistersPerMultiprocessor = 82,
  kManagedMemory = 83,
  kSingleToDoublePrecisionPerfRatio = 87,
  kPageableMemoryAccess = 88,
  kConcurrentManagedAccess = 89,
  kComputePreemptionSupported = 90,
  kCooperativeLaunch = 95,
  kMaxSharedMemoryPerBlockOptin = 97,
  kHostRegisterSupported = 99,
  kVirtualMemoryManagementSupported = 102,
  kMaxBlocksPerMultiprocessor = 106,
  kReservedSharedMemoryPerBlock = 111,
  kMemoryPoolsSupported = 115,
};

struct DeviceProperties {
  std::string name;
  std::array<std::uint8_t, 16> uuid{};
  std::string pci_bus_id;                // "0000:01:00.0"; agrees with attributes 33, 34, 50
  int driver_version = 0;                // 13000 is CUDA 13.0
  std::uint64_t memory_bytes_total = 0;  // of the device; MemoryInfo is what may be used
  // attributes[n] answers CUdevice_attribute n; known[n] is false where the device does not know
  // it.
  std::array<int, kAttributeCount> attributes{};
  std::array<bool, kAttributeCount> known{};
};

}  // namespace gpu_device
