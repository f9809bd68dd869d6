#include "gpu_device/result.h"

namespace gpu_device {

std::string_view name_of(CuResult result) {
  switch (result) {
    case CuResult::kSuccess:
      return "CUDA_SUCCESS";
    case CuResult::kInvalidValue:
      return "CUDA_ERROR_INVALID_VALUE";
    case CuResult::kOutOfMemory:
      return "CUDA_ERROR_OUT_OF_MEMORY";
    case CuResult::kNotInitialized:
      return "CUDA_ERROR_NOT_INITIALIZED";
    case CuResult::kDeinitialized:
      return "CUDA_ERROR_DEINITIALIZED";
    case CuResult::kDeviceUnavailable:
      return "CUDA_ERROR_DEVICE_UNAVAILABLE";
    case CuResult::kNoDevice:
      return "CUDA_ERROR_NO_DEVICE";
    case CuResult::kInvalidDevice:
      return "CUDA_ERROR_INVALID_DEVICE";
    case CuResult::kInvalidImage:
      return "CUDA_ERROR_INVALID_IMAGE";
    case CuResult::kInvalidContext:
      return "CUDA_ERROR_INVALID_CONTEXT";
    case CuResult::kNoBinaryForGpu:
      return "CUDA_ERROR_NO_BINARY_FOR_GPU";
    case CuResult::kInvalidPtx:
      return "CUDA_ERROR_INVALID_PTX";
    case CuResult::kUnsupportedPtxVersion:
      return "CUDA_ERROR_UNSUPPORTED_PTX_VERSION";
    case CuResult::kInvalidSource:
      return "CUDA_ERROR_INVALID_SOURCE";
    case CuResult::kFileNotFound:
      return "CUDA_ERROR_FILE_NOT_FOUND";
    case CuResult::kSharedObjectSymbolNotFound:
      return "CUDA_ERROR_SHARED_OBJECT_SYMBOL_NOT_FOUND";
    case CuResult::kSharedObjectInitFailed:
      return "CUDA_ERROR_SHARED_OBJECT_INIT_FAILED";
    case CuResult::kOperatingSystem:
      return "CUDA_ERROR_OPERATING_SYSTEM";
    case CuResult::kInvalidHandle:
      return "CUDA_ERROR_INVALID_HANDLE";
    case CuResult::kIllegalState:
      return "CUDA_ERROR_ILLEGAL_STATE";
    case CuResult::kNotFound:
      return "CUDA_ERROR_NOT_FOUND";
    case CuResult::kNotReady:
      return "CUDA_ERROR_NOT_READY";
    case CuResult::kIllegalAddress:
      return "CUDA_ERROR_ILLEGAL_ADDRESS";
    case CuResult::kLaunchOutOfResources:
      return "CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES";
    case CuResult::kLaunchTimeout:
      return "CUDA_ERROR_LAUNCH_TIMEOUT";
    case CuResult::kContextIsDestroyed:
      return "CUDA_ERROR_CONTEXT_IS_DESTROYED";
    case CuResult::kAssert:
      return "CUDA_ERROR_ASSERT";
    case CuResult::kHardwareStackError:
      return "CUDA_ERROR_HARDWARE_STACK_ERROR";
    case CuResult::kIllegalInstruction:
      return "CUDA_ERROR_ILLEGAL_INSTRUCTION";
    case CuResult::kMisalignedAddress:
      return "CUDA_ERROR_MISALIGNED_ADDRESS";
    case CuResult::kInvalidAddressSpace:
      return "CUDA_ERROR_INVALID_ADDRESS_SPACE";
    case CuResult::kInvalidPc:
      return "CUDA_ERROR_INVALID_PC";
    case CuResult::kLaunchFailed:
      return "CUDA_ERROR_LAUNCH_FAILED";
    case CuResult::kCooperativeLaunchTooLarge:
      return "CUDA_ERROR_COOPERATIVE_LAUNCH_TOO_LARGE";
    case CuResult::kNotPermitted:
      return "CUDA_ERROR_NOT_PERMITTED";
    case CuResult::kNotSupported:
      return "CUDA_ERROR_NOT_SUPPORTED";
    case CuResult::kUnknown:
      return "CUDA_ERROR_UNKNOWN";
  }
  return {};
}

}  // namespace gpu_device
