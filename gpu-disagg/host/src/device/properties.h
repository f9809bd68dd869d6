// What the host device says of itself.
#pragma once

#include "gpu_device/properties.h"
#include "gpu_host/host_device.h"

namespace gpu_host {

inline constexpr std::uint32_t kSharedPerBlock = 48 << 10;
inline constexpr std::uint32_t kSharedPerBlockOptin = 96 << 10;

gpu_device::DeviceProperties host_properties(const HostOptions& options);

}  // namespace gpu_host
