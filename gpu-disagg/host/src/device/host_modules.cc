// The code of a host device: modules, kernels, launches.
#include <algorithm>

#include "device/host_device.h"
#include "device/properties.h"
#include "gpu_image/image.h"

namespace gpu_host {
namespace {

using gpu_device::Answer;
using gpu_device::CuResult;

constexpr std::uint32_t kChipMost = 70;
constexpr std::uint64_t kImageBytesMost = 64 << 20;
constexpr std::size_t kModulesMost = 4096;

CuResult result_of(const base::Error& error) {
  switch (error.code) {
    case base::ErrorCode::kNotFound:
      return CuResult::kNoBinaryForGpu;
    case base::ErrorCode::kNoSpace:
      return CuResult::kOutOfMemory;
    default:
      return CuResult::kInvalidImage;
  }
}

std::uint64_t threads_of(const gpu_device::Dim3& block) {
  return std::uint64_t{block.x} * block.y * block.z;
}

}  // namespace

gpu_device::KernelInfo HostDevice::describe(KernelId id, const Kernel& kernel) const {
  using namespace gpu_device;  // NOLINT(google-build-using-namespace): the names of the table below
  const Program& program = *kernel.loaded.program;
  KernelInfo info;
  info.id = id;
  info.name = program.name;
  info.parameters = kernel.loaded.parameters;
  info.parameter_bytes = program.parameter_bytes;
  info.attributes[kKernelMaxThreadsPerBlock] = static_cast<int>(kernel.loaded.threads_most);
  info.attributes[kKernelSharedBytes] = static_cast<int>(program.shared_bytes);
  info.attributes[kKernelConstBytes] =
      static_cast<int>(std::min<std::uint64_t>(kernel.loaded.const_bytes, 1 << 30));
  info.attributes[kKernelLocalBytes] = static_cast<int>(program.local_bytes);
  info.attributes[kKernelRegisters] = static_cast<int>(std::min(program.registers, 255U));
  info.attributes[kKernelPtxVersion] = static_cast<int>(kernel.loaded.ptx_version);
  info.attributes[kKernelBinaryVersion] = static_cast<int>(kChipMost);
  info.attributes[kKernelMaxDynamicSharedBytes] = static_cast<int>(kernel.dynamic_shared_most);
  info.attributes[kKernelSharedCarveout] = -1;
  return info;
}

Answer<gpu_device::ModuleInfo> HostDevice::load(std::span<const std::byte> image,
                                                std::string* error_log) {
  if (error_log != nullptr) error_log->clear();
  const CuResult sticky = engine_.sticky();
  if (sticky != CuResult::kSuccess) return sticky;
  std::string log;
  const auto text = gpu_image::ptx_text(image, kChipMost, kImageBytesMost);
  if (!text.ok()) {
    if (error_log != nullptr) *error_log = text.error().message;
    return result_of(text.error());
  }
  Module module;
  const CuResult loaded = load_module(*text, arena_, module.loaded, log);
  if (loaded != CuResult::kSuccess) {
    if (error_log != nullptr) *error_log = log;
    return loaded;
  }
  const std::lock_guard lock(mutex_);
  if (modules_.size() >= kModulesMost) {
    unload_module(arena_, module.loaded);
    return CuResult::kOutOfMemory;
  }
  gpu_device::ModuleInfo info;
  info.id = static_cast<ModuleId>(next_id_++);
  info.globals = module.loaded.globals;
  for (LoadedKernel& one : module.loaded.kernels) {
    const auto id = static_cast<KernelId>(next_id_++);
    const std::uint32_t used = one.program->shared_bytes;
    Kernel kernel{std::move(one), info.id, used < kSharedPerBlock ? kSharedPerBlock - used : 0};
    info.kernels.push_back(describe(id, kernel));
    module.kernels.push_back(id);
    kernels_[static_cast<std::uint64_t>(id)] = std::move(kernel);
  }
  module.loaded.kernels.clear();
  modules_[info.id] = std::move(module);
  return info;
}

CuResult HostDevice::unload(ModuleId module) {
  const CuResult before = engine_.synchronize();
  if (before != CuResult::kSuccess) return before;
  const std::lock_guard lock(mutex_);
  const auto found = modules_.find(module);
  if (found == modules_.end()) return CuResult::kInvalidHandle;
  for (const KernelId kernel : found->second.kernels) {
    kernels_.erase(static_cast<std::uint64_t>(kernel));
  }
  unload_module(arena_, found->second.loaded);
  modules_.erase(found);
  return CuResult::kSuccess;
}

Answer<gpu_device::GlobalInfo> HostDevice::global(ModuleId module, const std::string& name) {
  const std::lock_guard lock(mutex_);
  const auto found = modules_.find(module);
  if (found == modules_.end()) return CuResult::kInvalidHandle;
  const auto& globals = found->second.loaded.globals;
  const auto one = std::ranges::find(globals, name, &gpu_device::GlobalInfo::name);
  if (one == globals.end()) return CuResult::kNotFound;
  return *one;
}

std::optional<HostDevice::Kernel> HostDevice::find_kernel(KernelId kernel) {
  const std::lock_guard lock(mutex_);
  const auto found = kernels_.find(static_cast<std::uint64_t>(kernel));
  if (found == kernels_.end()) return std::nullopt;
  return found->second;
}

CuResult HostDevice::set_kernel_attribute(KernelId kernel, std::size_t attribute, int value) {
  const std::lock_guard lock(mutex_);
  const auto found = kernels_.find(static_cast<std::uint64_t>(kernel));
  if (found == kernels_.end()) return CuResult::kInvalidHandle;
  if (attribute == gpu_device::kKernelSharedCarveout) {
    return value >= -1 && value <= 100 ? CuResult::kSuccess : CuResult::kInvalidValue;
  }
  if (attribute != gpu_device::kKernelMaxDynamicSharedBytes) return CuResult::kInvalidValue;
  const std::uint32_t used = found->second.loaded.program->shared_bytes;
  if (value < 0 || static_cast<std::uint32_t>(value) + used > kSharedPerBlockOptin) {
    return CuResult::kInvalidValue;
  }
  found->second.dynamic_shared_most = static_cast<std::uint32_t>(value);
  return CuResult::kSuccess;
}

CuResult HostDevice::check(const gpu_device::Launch& launch, const Kernel& kernel) const {
  const auto& [grid, block] = std::pair(launch.grid, launch.block);
  if (threads_of(block) == 0 || threads_of(grid) == 0) return CuResult::kInvalidValue;
  if (block.x > 1024 || block.y > 1024 || block.z > 64 || threads_of(block) > 1024) {
    return CuResult::kInvalidValue;
  }
  if (grid.x > 0x7FFFFFFF || grid.y > 65535 || grid.z > 65535) return CuResult::kInvalidValue;
  if (threads_of(block) > kernel.loaded.threads_most) {
    return kernel.loaded.threads_exact ? CuResult::kInvalidValue : CuResult::kLaunchOutOfResources;
  }
  const gpu_device::Dim3& exact = kernel.loaded.threads;
  if (kernel.loaded.threads_exact &&
      (exact.x != block.x || exact.y != block.y || exact.z != block.z)) {
    return CuResult::kInvalidValue;
  }
  if (launch.shared_bytes > kernel.dynamic_shared_most) return CuResult::kInvalidValue;
  if (launch.parameters.size() != kernel.loaded.program->parameter_bytes)
    return CuResult::kInvalidValue;
  // Blocks run one after the other: those of a cooperative launch could wait for each other for
  // ever.
  return launch.cooperative ? CuResult::kNotSupported : CuResult::kSuccess;
}

Fault HostDevice::run_grid(Grid::Setup setup) {
  if (options_.null_launches) return {};
  setup.memory = arena_.snapshot();
  setup.interrupted = &interrupted_;
  setup.print = [this](const std::string& text) { print(text); };
  if (options_.kernel_time_most.count() != 0) {
    setup.deadline = std::chrono::steady_clock::now() + options_.kernel_time_most;
  }
  Grid grid(std::move(setup));
  pool_.run(grid);
  return grid.take_fault();
}

CuResult HostDevice::launch(const gpu_device::Launch& launch) {
  const auto kernel = find_kernel(launch.kernel);
  if (!kernel) return CuResult::kInvalidHandle;
  if (const CuResult wrong = check(launch, *kernel); wrong != CuResult::kSuccess) return wrong;
  Grid::Setup setup;
  setup.program = kernel->loaded.program;
  setup.grid = launch.grid;
  setup.block = launch.block;
  setup.dynamic_shared = launch.shared_bytes;
  setup.parameters.assign(launch.parameters.begin(), launch.parameters.end());
  setup.id = next_grid_.fetch_add(1);
  return engine_.submit(
      launch.stream,
      [this, setup = std::move(setup)]() mutable { return run_grid(std::move(setup)); }, false);
}

Answer<int> HostDevice::blocks_per_multiprocessor(KernelId kernel, int block_threads,
                                                  std::uint64_t shared_bytes) {
  const auto found = find_kernel(kernel);
  if (!found) return CuResult::kInvalidHandle;
  if (block_threads <= 0) return CuResult::kInvalidValue;
  const std::uint64_t shared = shared_bytes + found->loaded.program->shared_bytes;
  if (block_threads > static_cast<int>(found->loaded.threads_most) ||
      shared > kSharedPerBlockOptin) {
    return 0;
  }
  const int warps = (block_threads + 31) / 32;
  int blocks = std::min(32, 64 / warps);
  if (shared != 0) blocks = std::min(blocks, static_cast<int>(kSharedPerBlockOptin / shared));
  return blocks;
}

Answer<gpu_device::BlockSize> HostDevice::best_block_size(KernelId kernel,
                                                          std::uint64_t shared_bytes,
                                                          int threads_most) {
  const auto found = find_kernel(kernel);
  if (!found) return CuResult::kInvalidHandle;
  const int limit = static_cast<int>(found->loaded.threads_most);
  const int most = threads_most > 0 ? std::min(threads_most, limit) : limit;
  gpu_device::BlockSize best;
  int best_threads = 0;
  for (int threads = most - most % 32; threads >= 32; threads -= 32) {
    const auto blocks = blocks_per_multiprocessor(kernel, threads, shared_bytes);
    if (!blocks.ok() || *blocks * threads <= best_threads) continue;
    best_threads = *blocks * threads;
    best = {threads, *blocks * 2};
  }
  return best;
}

}  // namespace gpu_host
