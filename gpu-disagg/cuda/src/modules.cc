#include <array>

#include "cuda_device.h"
#include "gpu_image/image.h"

namespace gpu_cuda {

using gpu_device::Answer;
using gpu_device::CuResult;
using gpu_device::MemoryKind;

namespace {

// Options of cuModuleLoadDataEx.
constexpr int kErrorLogBuffer = 5, kErrorLogBytes = 6;

// What the driver takes where there are several containers in a row.
struct Wrapper {
  std::uint32_t magic = 0x466243B1;
  std::uint32_t version = 1;
  const void* data = nullptr;
  const void* const* chain = nullptr;
};

}  // namespace

gpu_device::KernelInfo CudaDevice::describe(KernelId id, Handle function) {
  gpu_device::KernelInfo info;
  info.id = id;
  const char* name = nullptr;
  if (ask(driver_.function_name, &name, function) == CuResult::kSuccess && name != nullptr)
    info.name = name;
  // There is no count: the driver is asked until it does not know.
  for (std::size_t index = 0;; ++index) {
    std::size_t offset = 0, bytes = 0;
    if (ask(driver_.function_parameter, function, index, &offset, &bytes) != CuResult::kSuccess)
      break;
    info.parameters.push_back(
        {static_cast<std::uint32_t>(offset), static_cast<std::uint32_t>(bytes)});
    info.parameter_bytes = static_cast<std::uint32_t>(offset + bytes);
  }
  for (std::size_t at = 0; at < info.attributes.size(); ++at) {
    int value = 0;
    if (ask(driver_.function_attribute, &value, static_cast<int>(at), function) ==
        CuResult::kSuccess) {
      info.attributes.at(at) = value;
    }
  }
  return info;
}

Answer<gpu_device::ModuleInfo> CudaDevice::load(std::span<const std::byte> image,
                                                std::string* error_log) {
  if (error_log != nullptr) error_log->clear();
  const auto form = gpu_image::form_of(image);
  if (!form.ok() || *form == gpu_image::Form::kWrapper) return CuResult::kInvalidImage;
  std::string text;
  Wrapper wrapper;
  const void* data = image.data();
  if (*form == gpu_image::Form::kPtx) {
    // The driver wants its end marked.
    text.assign(reinterpret_cast<const char*>(image.data()), image.size());
    data = text.c_str();
  } else if (*form == gpu_image::Form::kContainer) {
    if (!gpu_image::entries_of(image).ok()) return CuResult::kInvalidImage;
    wrapper.data = image.data();
    data = &wrapper;
  } else if (!gpu_image::elf_bytes(image).ok()) {
    return CuResult::kInvalidImage;
  }
  std::array<char, 8192> log{};
  std::array<int, 2> options = {kErrorLogBuffer, kErrorLogBytes};
  std::array<void*, 2> values = {log.data(), reinterpret_cast<void*>(log.size() - 1)};
  Handle module = nullptr;
  const CuResult loaded = ask(driver_.module_load, &module, data,
                              static_cast<unsigned>(options.size()), options.data(), values.data());
  if (error_log != nullptr) *error_log = log.data();
  if (loaded != CuResult::kSuccess) return loaded;
  unsigned count = 0;
  ask(driver_.function_count, &count, module);
  std::vector<Handle> functions(count);
  if (count != 0) ask(driver_.functions, functions.data(), count, module);
  gpu_device::ModuleInfo info;
  std::vector<KernelId> ids;
  {
    const std::lock_guard lock(mutex_);
    info.id = static_cast<ModuleId>(next_id_++);
    modules_[static_cast<std::uint64_t>(info.id)] = module;
    for (std::size_t at = 0; at < functions.size(); ++at)
      ids.push_back(static_cast<KernelId>(next_id_++));
  }
  for (std::size_t at = 0; at < functions.size(); ++at)
    info.kernels.push_back(describe(ids[at], functions[at]));
  const std::lock_guard lock(mutex_);
  for (std::size_t at = 0; at < functions.size(); ++at) {
    kernels_[static_cast<std::uint64_t>(ids[at])] =
        Kernel{functions[at], info.id, info.kernels[at].parameter_bytes};
  }
  module_kernels_[static_cast<std::uint64_t>(info.id)] = std::move(ids);
  return info;
}

CuResult CudaDevice::unload(ModuleId module) {
  const auto id = static_cast<std::uint64_t>(module);
  Handle handle = nullptr;
  {
    const std::lock_guard lock(mutex_);
    const auto found = modules_.find(id);
    if (found == modules_.end()) return CuResult::kInvalidHandle;
    handle = found->second;
  }
  ask(driver_.context_synchronize);
  const CuResult result = ask(driver_.module_unload, handle);
  if (result != CuResult::kSuccess) return result;
  const std::lock_guard lock(mutex_);
  for (const KernelId kernel : module_kernels_[id])
    kernels_.erase(static_cast<std::uint64_t>(kernel));
  for (const auto& global : globals_[id]) pieces_.erase(global.address);
  globals_.erase(id);
  module_kernels_.erase(id);
  modules_.erase(id);
  return CuResult::kSuccess;
}

Answer<gpu_device::GlobalInfo> CudaDevice::global(ModuleId module, const std::string& name) {
  const auto id = static_cast<std::uint64_t>(module);
  Handle handle = nullptr;
  {
    const std::lock_guard lock(mutex_);
    const auto found = modules_.find(id);
    if (found == modules_.end()) return CuResult::kInvalidHandle;
    handle = found->second;
    for (const auto& known : globals_[id]) {
      if (known.name == name) return known;
    }
  }
  DevicePointer address = 0;
  std::size_t bytes = 0;
  const CuResult result = ask(driver_.module_global, &address, &bytes, handle, name.c_str());
  if (result != CuResult::kSuccess) return result;
  add_piece(address, Piece{.bytes = bytes, .kind = MemoryKind::kGlobal});
  const gpu_device::GlobalInfo info{name, address, bytes};
  const std::lock_guard lock(mutex_);
  globals_[id].push_back(info);
  return info;
}

std::optional<CudaDevice::Kernel> CudaDevice::kernel_of(KernelId kernel) {
  const std::lock_guard lock(mutex_);
  const auto found = kernels_.find(static_cast<std::uint64_t>(kernel));
  if (found == kernels_.end()) return std::nullopt;
  return found->second;
}

CuResult CudaDevice::set_kernel_attribute(KernelId kernel, std::size_t attribute, int value) {
  const auto found = kernel_of(kernel);
  if (!found) return CuResult::kInvalidHandle;
  return ask(driver_.set_function_attribute, found->function, static_cast<int>(attribute), value);
}

CuResult CudaDevice::launch(const gpu_device::Launch& launch) {
  const auto kernel = kernel_of(launch.kernel);
  const auto stream = stream_of(launch.stream);
  if (!kernel || !stream) return CuResult::kInvalidHandle;
  if (launch.parameters.size() != kernel->parameter_bytes) return CuResult::kInvalidValue;
  if (launch.cooperative) return CuResult::kNotSupported;
  // CU_LAUNCH_PARAM_BUFFER_POINTER, _SIZE and _END: the size is pointed at.
  std::size_t bytes = launch.parameters.size();
  void* packed = const_cast<std::byte*>(launch.parameters.data());
  std::array<void*, 5> extra = {reinterpret_cast<void*>(1), packed, reinterpret_cast<void*>(2),
                                &bytes, nullptr};
  const gpu_device::Dim3 &grid = launch.grid, &block = launch.block;
  return ask(driver_.launch, kernel->function, grid.x, grid.y, grid.z, block.x, block.y, block.z,
             launch.shared_bytes, *stream, static_cast<void**>(nullptr),
             bytes == 0 ? nullptr : extra.data());
}

Answer<int> CudaDevice::blocks_per_multiprocessor(KernelId kernel, int block_threads,
                                                  std::uint64_t shared_bytes) {
  const auto found = kernel_of(kernel);
  if (!found) return CuResult::kInvalidHandle;
  int blocks = 0;
  const CuResult result = ask(driver_.occupancy, &blocks, found->function, block_threads,
                              static_cast<std::size_t>(shared_bytes));
  if (result != CuResult::kSuccess) return result;
  return blocks;
}

Answer<gpu_device::BlockSize> CudaDevice::best_block_size(KernelId kernel,
                                                          std::uint64_t shared_bytes,
                                                          int threads_most) {
  const auto found = kernel_of(kernel);
  if (!found) return CuResult::kInvalidHandle;
  gpu_device::BlockSize best;
  std::size_t (*const same)(int) = nullptr;
  const CuResult result = ask(driver_.block_size, &best.grid_least, &best.threads, found->function,
                              same, static_cast<std::size_t>(shared_bytes), threads_most);
  if (result != CuResult::kSuccess) return result;
  return best;
}

}  // namespace gpu_cuda
