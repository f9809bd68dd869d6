#include "cuda_device.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace gpu_cuda {

using gpu_device::Address;
using gpu_device::Answer;
using gpu_device::CuResult;
using gpu_device::MemoryKind;

CudaDevice::CudaDevice(const Driver& driver, int device, Handle context)
    : driver_(driver), device_(device), context_(context) {
  read_properties();
  limit_ = properties_.memory_bytes_total;
}

CudaDevice::~CudaDevice() { driver_.context_destroy(context_); }

void CudaDevice::read_properties() {
  std::array<char, 256> text{};
  driver_.device_name(text.data(), static_cast<int>(text.size()), device_);
  properties_.name = text.data();
  driver_.device_pci(text.data(), static_cast<int>(text.size()), device_);
  properties_.pci_bus_id = text.data();
  Uuid uuid{};
  driver_.device_uuid(&uuid, device_);
  std::memcpy(properties_.uuid.data(), uuid.bytes, properties_.uuid.size());
  driver_.driver_version(&properties_.driver_version);
  std::size_t total = 0;
  driver_.device_total(&total, device_);
  properties_.memory_bytes_total = total;
  for (std::size_t at = 1; at < gpu_device::kAttributeCount; ++at) {
    int value = 0;
    const bool known = driver_.device_attribute(&value, static_cast<int>(at), device_) == 0;
    properties_.known.at(at) = known;
    properties_.attributes.at(at) = known ? value : 0;
  }
}

CuResult CudaDevice::note(Result result) {
  const auto code = static_cast<CuResult>(result);
  // Faults of kernels, after which the context answers nothing else.
  const bool fault =
      code == CuResult::kIllegalAddress || code == CuResult::kLaunchTimeout ||
      (result >= 709 && result <= 719 && result != 711 && result != 712 && result != 713);
  if (fault) {
    const std::lock_guard lock(mutex_);
    if (sticky_ == CuResult::kSuccess) sticky_ = code;
  }
  return code;
}

CuResult CudaDevice::sticky_error() {
  const std::lock_guard lock(mutex_);
  return sticky_;
}

std::string CudaDevice::fault_text() {
  const CuResult sticky = sticky_error();
  if (sticky == CuResult::kSuccess) return {};
  const std::string_view name = gpu_device::name_of(sticky);
  return "the driver answers " + std::to_string(static_cast<int>(sticky)) + " " + std::string(name);
}

CuResult CudaDevice::synchronize() { return ask(driver_.context_synchronize); }

std::unique_ptr<gpu_device::Device> make_cuda_device(const CudaOptions& options,
                                                     std::string& reason) {
  const Driver* driver = open_driver(options.library, reason);
  if (driver == nullptr) return nullptr;
  const auto failed = [&](const char* call, Result result) {
    reason = std::string(call) + " answers " + std::to_string(result) + " " +
             std::string(gpu_device::name_of(static_cast<CuResult>(result)));
    return nullptr;
  };
  if (const Result result = driver->init(0); result != 0) return failed("cuInit", result);
  int device = 0;
  if (const Result result = driver->device_get(&device, options.ordinal); result != 0) {
    return failed("cuDeviceGet", result);
  }
  Handle context = nullptr;
  if (const Result result = driver->context_create(&context, 0, device); result != 0) {
    return failed("cuCtxCreate", result);
  }
  return std::make_unique<CudaDevice>(*driver, device, context);
}

}  // namespace gpu_cuda
