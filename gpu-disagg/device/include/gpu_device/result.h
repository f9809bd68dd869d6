// What a device answers: the numbers of the CUDA driver API, so that they travel to the guest
// unchanged.
#pragma once

#include <string_view>
#include <utility>

namespace gpu_device {

// The public values of CUresult. A real driver may answer others: any int is a valid CuResult.
enum class CuResult : int {
  kSuccess = 0,
  kInvalidValue = 1,
  kOutOfMemory = 2,
  kNotInitialized = 3,
  kDeinitialized = 4,
  kDeviceUnavailable = 46,
  kNoDevice = 100,
  kInvalidDevice = 101,
  kInvalidImage = 200,
  kInvalidContext = 201,
  kNoBinaryForGpu = 209,
  kInvalidPtx = 218,
  kUnsupportedPtxVersion = 222,
  kInvalidSource = 300,
  kFileNotFound = 301,
  kSharedObjectSymbolNotFound = 302,
  kSharedObjectInitFailed = 303,
  kOperatingSystem = 304,
  kInvalidHandle = 400,
  kIllegalState = 401,
  kNotFound = 500,
  kNotReady = 600,
  kIllegalAddress = 700,
  kLaunchOutOfResources = 701,
  kLaunchTimeout = 702,
  kContextIsDestroyed = 709,
  kAssert = 710,
  kHardwareStackError = 714,
  kIllegalInstruction = 715,
  kMisalignedAddress = 716,
  kInvalidAddressSpace = 717,
  kInvalidPc = 718,
  kLaunchFailed = 719,
  kCooperativeLaunchTooLarge = 720,
  kNotPermitted = 800,
  kNotSupported = 801,
  kUnknown = 999,
};

// The name of the constant in the public header, such as CUDA_ERROR_ILLEGAL_ADDRESS; empty for
// other numbers.
std::string_view name_of(CuResult result);

// A value, or the CuResult that says why there is none (then the value is empty).
template <typename T>
class [[nodiscard]] Answer {
 public:
  Answer(T value) : value_(std::move(value)) {}
  Answer(CuResult why_not) : result_(why_not) {}

  bool ok() const { return result_ == CuResult::kSuccess; }
  CuResult result() const { return result_; }

  T& value() { return value_; }
  const T& value() const { return value_; }
  T& operator*() { return value_; }
  const T& operator*() const { return value_; }
  T* operator->() { return &value_; }
  const T* operator->() const { return &value_; }

 private:
  CuResult result_ = CuResult::kSuccess;
  T value_{};
};

}  // namespace gpu_device
