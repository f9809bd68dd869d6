// Modules, libraries, kernels and their attributes. A library's kernel and a module's function are
// one thing here.
#include <algorithm>
#include <array>
#include <bit>

#include "code.h"

namespace gpu_guest {
namespace {

constexpr int kInfoLog = 3, kInfoBytes = 4, kErrorLog = 5, kErrorBytes = 6;

// Options are (number, value) pairs; only those that ask for a log matter here.
Logs logs_of(unsigned count, const int* options, void* const* values) {
  Logs logs;
  for (unsigned i = 0; i < count && options != nullptr && values != nullptr; ++i) {
    const auto number = reinterpret_cast<std::size_t>(values[i]);
    if (options[i] == kInfoLog) logs.info = static_cast<char*>(values[i]);
    if (options[i] == kErrorLog) logs.error = static_cast<char*>(values[i]);
    if (options[i] == kInfoBytes) logs.info_bytes = number;
    if (options[i] == kErrorBytes) logs.error_bytes = number;
  }
  return logs;
}

CUresult load_module(CUmodule* module, const void* image, Logs logs) {
  ENTER_CONTEXT();
  if (module == nullptr || image == nullptr) return kInvalidValue;
  std::uint64_t handle = 0;
  const CUresult result = load(guest, image, current_context(), logs, &handle);
  if (result == kSuccess) *module = std::bit_cast<CUmodule>(handle);
  return result;
}

template <typename Handle>
std::uint64_t number(Handle handle) {
  return reinterpret_cast<std::uint64_t>(handle);
}

template <typename Container, typename Handle>
CUresult kernel_by_name(Handle* kernel, Container container, const char* name) {
  ENTER();
  std::uint64_t found = 0;
  if (kernel == nullptr) return kInvalidValue;
  const CUresult result = find_kernel(guest, number(container), name, &found);
  if (result == kSuccess) *kernel = std::bit_cast<Handle>(found);
  return result;
}

template <typename Container>
CUresult count_of(unsigned* count, Container container) {
  ENTER();
  if (count == nullptr) return kInvalidValue;
  const Module* module = guest.modules.find(container);
  if (module == nullptr) return kInvalidHandle;
  *count = static_cast<unsigned>(module->kernels.size());
  return kSuccess;
}

template <typename Handle, typename Container>
CUresult enumerate(Handle* kernels, unsigned count, Container container) {
  ENTER();
  if (kernels == nullptr || count == 0) return kInvalidValue;
  const Module* module = guest.modules.find(container);
  if (module == nullptr) return kInvalidHandle;
  for (unsigned i = 0; i < count && i < module->kernels.size(); ++i)
    kernels[i] = std::bit_cast<Handle>(module->kernels[i]);
  return kSuccess;
}

template <typename Handle>
CUresult get_attribute(int* value, int attribute, Handle handle) {
  ENTER();
  const Kernel* kernel = guest.kernels.find(handle);
  if (kernel == nullptr) return kInvalidHandle;
  if (value == nullptr || attribute < 0 ||
      static_cast<std::size_t>(attribute) >= Kernel::kAttributes)
    return kInvalidValue;
  *value = kernel->attributes[static_cast<std::size_t>(attribute)];
  return kSuccess;
}

constexpr int kMaxDynamicShared = 8, kSharedCarveout = 9;
constexpr std::size_t kSharedOptin = 97, kSharedPerBlock = 8;

CUresult checked(const Guest& guest, const Kernel& kernel, int attribute, int value) {
  if (attribute == kSharedCarveout) return value >= -1 && value <= 100 ? kSuccess : kInvalidValue;
  if (attribute != kMaxDynamicShared || value < 0) return kInvalidValue;
  const int most = std::max(guest.attribute(kSharedOptin), guest.attribute(kSharedPerBlock));
  return value + kernel.attributes[1] <= most ? kSuccess : kInvalidValue;
}

template <typename Handle>
CUresult set_attribute(Handle handle, int attribute, int value) {
  ENTER();
  Kernel* const kernel = guest.kernels.find(handle);
  if (kernel == nullptr) return kInvalidHandle;
  if (const CUresult bad = checked(guest, *kernel, attribute, value); bad != kSuccess) return bad;
  // Libraries set the same value before every launch.
  if (kernel->attributes[static_cast<std::size_t>(attribute)].exchange(value) == value)
    return kSuccess;
  return guest.post(gpu_wire::SetKernelAttribute{.module = kernel->module,
                                                 .kernel = kernel->index,
                                                 .attribute = static_cast<std::uint32_t>(attribute),
                                                 .value = value});
}

template <typename Handle>
CUresult name_of(const char** name, Handle handle) {
  ENTER();
  if (name == nullptr) return kInvalidValue;
  const Kernel* kernel = guest.kernels.find(handle);
  if (kernel == nullptr) return kInvalidHandle;
  *name = kernel->name.c_str();
  return kSuccess;
}

template <typename Handle>
CUresult parameter_of(Handle handle, std::size_t index, std::size_t* offset, std::size_t* bytes) {
  ENTER();
  const Kernel* kernel = guest.kernels.find(handle);
  if (kernel == nullptr) return kInvalidHandle;
  if (offset == nullptr || index >= kernel->parameters.size()) return kInvalidValue;
  *offset = kernel->parameters[index].offset;
  if (bytes != nullptr) *bytes = kernel->parameters[index].bytes;
  return kSuccess;
}

template <typename Handle>
CUresult is_kernel(Handle handle) {
  ENTER();
  return guest.kernels.find(handle) == nullptr ? kInvalidHandle : kSuccess;
}

template <typename Container, typename Handle>
CUresult owner_of(Container* container, Handle handle) {
  ENTER();
  if (container == nullptr) return kInvalidValue;
  const Kernel* kernel = guest.kernels.find(handle);
  if (kernel == nullptr) return kInvalidHandle;
  *container = std::bit_cast<Container>(kernel->module);
  return kSuccess;
}

}  // namespace

// ---- modules

EXPORT CUresult cuModuleLoadData(CUmodule* module, const void* image) {
  return load_module(module, image, {});
}
EXPORT CUresult cuModuleLoadDataEx(CUmodule* module, const void* image, unsigned count,
                                   int* options, void** values) {
  return load_module(module, image, logs_of(count, options, values));
}
EXPORT CUresult cuModuleLoadFatBinary(CUmodule* module, const void* image) {
  return load_module(module, image, {});
}
EXPORT CUresult cuModuleLoad(CUmodule* module, const char* path) {
  ENTER_CONTEXT();
  if (module == nullptr || path == nullptr) return kInvalidValue;
  std::uint64_t handle = 0;
  const CUresult result = load_file(guest, path, current_context(), &handle);
  if (result == kSuccess) *module = std::bit_cast<CUmodule>(handle);
  return result;
}
EXPORT CUresult cuModuleUnload(CUmodule module) {
  ENTER_CONTEXT();
  return unload(guest, number(module));
}
EXPORT CUresult cuModuleGetFunction(CUfunction* function, CUmodule module, const char* name) {
  return kernel_by_name(function, module, name);
}
EXPORT CUresult cuModuleGetFunctionCount(unsigned* count, CUmodule module) {
  return count_of(count, module);
}
EXPORT CUresult cuModuleEnumerateFunctions(CUfunction* functions, unsigned count, CUmodule module) {
  return enumerate(functions, count, module);
}
EXPORT CUresult cuModuleGetGlobal_v2(CUdeviceptr* address, std::size_t* bytes, CUmodule module,
                                     const char* name) {
  ENTER_CONTEXT();
  return find_variable(guest, number(module), name, address, bytes);
}

// ---- libraries

EXPORT CUresult cuLibraryLoadData(CUlibrary* library, const void* image, int* options,
                                  void** values, unsigned count, int*, void**, unsigned) {
  ENTER();
  if (library == nullptr || image == nullptr) return kInvalidValue;
  std::uint64_t handle = 0;
  const CUresult result = load(guest, image, nullptr, logs_of(count, options, values), &handle);
  if (result == kSuccess) *library = std::bit_cast<CUlibrary>(handle);
  return result;
}
EXPORT CUresult cuLibraryLoadFromFile(CUlibrary* library, const char* path, int*, void**, unsigned,
                                      int*, void**, unsigned) {
  ENTER();
  if (library == nullptr || path == nullptr) return kInvalidValue;
  std::uint64_t handle = 0;
  const CUresult result = load_file(guest, path, nullptr, &handle);
  if (result == kSuccess) *library = std::bit_cast<CUlibrary>(handle);
  return result;
}
EXPORT CUresult cuLibraryUnload(CUlibrary library) {
  ENTER();
  return unload(guest, number(library));
}
EXPORT CUresult cuLibraryGetKernel(CUkernel* kernel, CUlibrary library, const char* name) {
  return kernel_by_name(kernel, library, name);
}
EXPORT CUresult cuLibraryGetModule(CUmodule* module, CUlibrary library) {
  ENTER_CONTEXT();
  if (module == nullptr) return kInvalidValue;
  if (guest.modules.find(library) == nullptr) return kInvalidHandle;
  *module = reinterpret_cast<CUmodule>(library);
  return kSuccess;
}
EXPORT CUresult cuLibraryGetGlobal(CUdeviceptr* address, std::size_t* bytes, CUlibrary library,
                                   const char* name) {
  ENTER_CONTEXT();
  return find_variable(guest, number(library), name, address, bytes);
}
EXPORT CUresult cuLibraryGetKernelCount(unsigned* count, CUlibrary library) {
  return count_of(count, library);
}
EXPORT CUresult cuLibraryEnumerateKernels(CUkernel* kernels, unsigned count, CUlibrary library) {
  return enumerate(kernels, count, library);
}

// ---- kernels and functions

EXPORT CUresult cuKernelGetFunction(CUfunction* function, CUkernel kernel) {
  ENTER_CONTEXT();
  if (function == nullptr) return kInvalidValue;
  if (guest.kernels.find(kernel) == nullptr) return kInvalidHandle;
  *function = reinterpret_cast<CUfunction>(kernel);
  return kSuccess;
}
EXPORT CUresult cuKernelGetLibrary(CUlibrary* library, CUkernel kernel) {
  return owner_of(library, kernel);
}
EXPORT CUresult cuKernelGetAttribute(int* value, int attribute, CUkernel kernel, CUdevice device) {
  return device == 0 ? get_attribute(value, attribute, kernel) : kInvalidDevice;
}
EXPORT CUresult cuKernelSetAttribute(int attribute, int value, CUkernel kernel, CUdevice device) {
  return device == 0 ? set_attribute(kernel, attribute, value) : kInvalidDevice;
}
EXPORT CUresult cuKernelSetCacheConfig(CUkernel kernel, int, CUdevice device) {
  return device == 0 ? is_kernel(kernel) : kInvalidDevice;
}
EXPORT CUresult cuKernelGetName(const char** name, CUkernel kernel) {
  return name_of(name, kernel);
}
EXPORT CUresult cuKernelGetParamInfo(CUkernel kernel, std::size_t index, std::size_t* offset,
                                     std::size_t* bytes) {
  return parameter_of(kernel, index, offset, bytes);
}
EXPORT CUresult cuFuncGetAttribute(int* value, int attribute, CUfunction function) {
  return get_attribute(value, attribute, function);
}
EXPORT CUresult cuFuncSetAttribute(CUfunction function, int attribute, int value) {
  return set_attribute(function, attribute, value);
}
// Preferences, which a device may follow or not.
EXPORT CUresult cuFuncSetCacheConfig(CUfunction function, int) { return is_kernel(function); }
EXPORT CUresult cuFuncSetSharedMemConfig(CUfunction function, int) { return is_kernel(function); }
EXPORT CUresult cuFuncGetModule(CUmodule* module, CUfunction function) {
  return owner_of(module, function);
}
EXPORT CUresult cuFuncGetName(const char** name, CUfunction function) {
  return name_of(name, function);
}
EXPORT CUresult cuFuncGetParamInfo(CUfunction function, std::size_t index, std::size_t* offset,
                                   std::size_t* bytes) {
  return parameter_of(function, index, offset, bytes);
}
EXPORT CUresult cuFuncLoad(CUfunction function) { return is_kernel(function); }
EXPORT CUresult cuFuncIsLoaded(int* state, CUfunction function) {
  if (state == nullptr) return kInvalidValue;
  *state = 1;
  return is_kernel(function);
}

}  // namespace gpu_guest
