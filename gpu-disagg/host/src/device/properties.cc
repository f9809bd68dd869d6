#include "device/properties.h"

#include <string_view>
#include <utility>

namespace gpu_host {
namespace {

using namespace gpu_device;  // NOLINT(google-build-using-namespace): sixty of its names, in one
                             // table

// As an sm_70 has them where programs lay out their work by it; otherwise as it is.
constexpr std::pair<DeviceAttribute, int> kAttributes[] = {
    {kMaxThreadsPerBlock, 1024},
    {kMaxBlockDimX, 1024},
    {kMaxBlockDimY, 1024},
    {kMaxBlockDimZ, 64},
    {kMaxGridDimX, 2147483647},
    {kMaxGridDimY, 65535},
    {kMaxGridDimZ, 65535},
    {kMaxSharedMemoryPerBlock, kSharedPerBlock},
    {kTotalConstantMemory, 65536},
    {kWarpSize, 32},
    {kMaxPitch, 2147483647},
    {kMaxRegistersPerBlock, 65536},
    {kClockRateKhz, 1000000},  // %clock counts nanoseconds
    {kTextureAlignment, 512},
    {kGpuOverlap, 0},
    {kMultiprocessorCount, 2},
    {kKernelExecTimeout, 0},
    {kIntegrated, 1},
    {kCanMapHostMemory, 0},
    {kComputeMode, 0},
    {kSurfaceAlignment, 512},
    {kConcurrentKernels, 0},
    {kEccEnabled, 0},
    {kPciBusId, 0},
    {kPciDeviceId, 0},
    {kMemoryClockRateKhz, 1000000},
    {kGlobalMemoryBusWidth, 64},
    {kL2CacheSize, 1 << 20},
    {kMaxThreadsPerMultiprocessor, 2048},
    {kAsyncEngineCount, 0},
    {kUnifiedAddressing, 1},
    {kPciDomainId, 0},
    {kTexturePitchAlignment, 32},
    {kComputeCapabilityMajor, 7},
    {kComputeCapabilityMinor, 0},
    {kStreamPrioritiesSupported, 0},
    {kGlobalL1CacheSupported, 1},
    {kLocalL1CacheSupported, 1},
    {kMaxSharedMemoryPerMultiprocessor, 98304},
    {kMaxRegistersPerMultiprocessor, 65536},
    {kManagedMemory, 0},
    {kSingleToDoublePrecisionPerfRatio, 2},
    {kPageableMemoryAccess, 0},
    {kConcurrentManagedAccess, 0},
    {kComputePreemptionSupported, 0},
    {kCooperativeLaunch, 0},
    {kMaxSharedMemoryPerBlockOptin, kSharedPerBlockOptin},
    {kHostRegisterSupported, 0},
    {kVirtualMemoryManagementSupported, 0},
    {kMaxBlocksPerMultiprocessor, 32},
    {kReservedSharedMemoryPerBlock, 0},
    {kMemoryPoolsSupported, 0},
};

}  // namespace

DeviceProperties host_properties(const HostOptions& options) {
  constexpr std::string_view kUuid = "larder host dev.";
  DeviceProperties properties;
  properties.name = "Host device";
  for (std::size_t at = 0; at < properties.uuid.size(); ++at) {
    properties.uuid.at(at) = static_cast<std::uint8_t>(kUuid[at]);
  }
  properties.pci_bus_id = "0000:00:00.0";
  properties.driver_version = 12040;
  properties.memory_bytes_total = options.memory_bytes;
  // All that this table does not name is 0, which is what "not there" reads like.
  properties.known.fill(true);
  properties.known[0] = false;
  for (const auto& [attribute, value] : kAttributes) properties.attributes.at(attribute) = value;
  return properties;
}

}  // namespace gpu_host
