// Images of lines, and what is asked about their kernels.
#include <algorithm>
#include <sstream>

#include "gpu_null/null_device.h"

namespace gpu_null {

using gpu_device::CuResult;
using gpu_device::KernelInfo;

namespace {

constexpr int kThreadsPerBlock = 1024;

// Parameters in a row, each at a multiple of its size (at most 8).
void lay_out(std::istringstream& sizes, KernelInfo& kernel) {
  for (std::uint32_t bytes = 0; sizes >> bytes;) {
    const std::uint32_t align = std::clamp(bytes, 1U, 8U);
    const std::uint32_t offset = (kernel.parameter_bytes + align - 1) / align * align;
    kernel.parameters.push_back({.offset = offset, .bytes = bytes});
    kernel.parameter_bytes = offset + bytes;
  }
  kernel.attributes[gpu_device::kKernelMaxThreadsPerBlock] = kThreadsPerBlock;
}

}  // namespace

gpu_device::Answer<gpu_device::ModuleInfo> NullDevice::load(std::span<const std::byte> image,
                                                            std::string* error_log) {
  std::string text(reinterpret_cast<const char*>(image.data()), image.size());
  text.resize(std::min(text.size(), text.find('\0')));
  gpu_device::ModuleInfo module;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string kind, name;
    if (!(words >> kind)) continue;
    words >> name;
    if (kind == "kernel") {
      KernelInfo& kernel = module.kernels.emplace_back();
      kernel.name = name;
      lay_out(words, kernel);
    } else if (std::uint64_t bytes = 0; kind == "variable" && words >> bytes) {
      const auto address = allocate(bytes);
      if (!address.ok()) return address.result();
      module.globals.push_back({.name = name, .address = *address, .bytes = bytes});
    } else {
      if (error_log != nullptr) *error_log = "not a line of a null device's image: " + line;
      return CuResult::kInvalidImage;
    }
  }
  const std::lock_guard lock(mutex_);
  if (fault_ != CuResult::kSuccess) return fault_;
  module.id = static_cast<ModuleId>(++last_);
  for (KernelInfo& kernel : module.kernels) {
    kernel.id = static_cast<KernelId>(++last_);
    kernels_[kernel.id] = kernel.parameter_bytes;
  }
  modules_[module.id] = module;
  return module;
}

CuResult NullDevice::unload(ModuleId module) {
  std::vector<gpu_device::GlobalInfo> globals;
  {
    const std::lock_guard lock(mutex_);
    if (fault_ != CuResult::kSuccess) return fault_;
    const auto found = modules_.find(module);
    if (found == modules_.end()) return CuResult::kInvalidHandle;
    for (const KernelInfo& kernel : found->second.kernels) kernels_.erase(kernel.id);
    globals = std::move(found->second.globals);
    modules_.erase(found);
  }
  for (const auto& global : globals) (void)free(global.address);
  return CuResult::kSuccess;
}

gpu_device::Answer<gpu_device::GlobalInfo> NullDevice::global(ModuleId module,
                                                              const std::string& name) {
  const std::lock_guard lock(mutex_);
  const auto found = modules_.find(module);
  if (found == modules_.end()) return CuResult::kInvalidHandle;
  const auto& globals = found->second.globals;
  const auto global = std::ranges::find(globals, name, &gpu_device::GlobalInfo::name);
  if (global == globals.end()) return CuResult::kNotFound;
  return *global;
}

CuResult NullDevice::set_kernel_attribute(KernelId kernel, std::size_t attribute, int value) {
  const std::lock_guard lock(mutex_);
  if (!kernels_.contains(kernel)) return CuResult::kInvalidHandle;
  const bool may_be_set = attribute == gpu_device::kKernelMaxDynamicSharedBytes ||
                          attribute == gpu_device::kKernelSharedCarveout;
  return may_be_set && value >= 0 ? fault_ : CuResult::kInvalidValue;
}

gpu_device::Answer<int> NullDevice::blocks_per_multiprocessor(KernelId kernel, int block_threads,
                                                              std::uint64_t) {
  const std::lock_guard lock(mutex_);
  if (!kernels_.contains(kernel)) return CuResult::kInvalidHandle;
  if (block_threads <= 0) return CuResult::kInvalidValue;
  return kThreadsPerBlock / block_threads;
}

gpu_device::Answer<gpu_device::BlockSize> NullDevice::best_block_size(KernelId kernel,
                                                                      std::uint64_t,
                                                                      int threads_most) {
  const std::lock_guard lock(mutex_);
  if (!kernels_.contains(kernel)) return CuResult::kInvalidHandle;
  const int threads =
      threads_most > 0 ? std::min(threads_most, kThreadsPerBlock) : kThreadsPerBlock;
  return gpu_device::BlockSize{.threads = threads, .grid_least = 1};
}

}  // namespace gpu_null
