// What is in a code image once a device has loaded it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace gpu_device {

// An address of the device; never to be used as a pointer here.
using Address = std::uint64_t;

enum class ModuleId : std::uint64_t {};
enum class KernelId : std::uint64_t {};

// Numbers of CUfunction_attribute.
enum KernelAttribute : std::size_t {
  kKernelMaxThreadsPerBlock = 0,
  kKernelSharedBytes = 1,
  kKernelConstBytes = 2,
  kKernelLocalBytes = 3,
  kKernelRegisters = 4,
  kKernelPtxVersion = 5,
  kKernelBinaryVersion = 6,
  kKernelCacheModeCa = 7,
  kKernelMaxDynamicSharedBytes = 8,
  kKernelSharedCarveout = 9,
  kKernelAttributeCount = 16,
};

struct ParameterLayout {
  std::uint32_t offset = 0;
  std::uint32_t bytes = 0;
  bool operator==(const ParameterLayout&) const = default;
};

struct KernelInfo {
  KernelId id{};
  std::string name;
  std::vector<ParameterLayout> parameters;
  std::uint32_t parameter_bytes = 0;  // of the packed buffer that a launch takes
  std::array<int, kKernelAttributeCount> attributes{};
};

struct GlobalInfo {
  std::string name;
  Address address = 0;
  std::uint64_t bytes = 0;
};

struct ModuleInfo {
  ModuleId id{};
  std::vector<KernelInfo> kernels;
  // Named variables that a program may ask for. A device that can only look names up leaves this
  // empty: then Device::global() is the one way.
  std::vector<GlobalInfo> globals;
};

}  // namespace gpu_device
