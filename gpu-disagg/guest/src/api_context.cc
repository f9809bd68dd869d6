// Contexts: the session has one; here they are what a thread has made current, and owners of what
// is created.
#include <algorithm>
#include <mutex>

#include "guest.h"

namespace gpu_guest {
namespace {

std::mutex contexts_mutex;  // guards what follows, and Context::retained

// Never shortened, so that a handle from before can be told from a number that was made up.
std::vector<Context*>& contexts() {
  static auto& all = *new std::vector<Context*>;
  return all;
}

CUcontext handle_of(Context* context) { return reinterpret_cast<CUcontext>(context); }

Context* context_of(Guest& guest, CUcontext handle) {
  auto* const context = reinterpret_cast<Context*>(handle);
  if (context == &guest.primary) return context;
  const std::lock_guard lock(contexts_mutex);
  const auto& all = contexts();
  return std::ranges::find(all, context) == all.end() ? nullptr : context;
}

// A context named by the program, which is alive; null means the current one.
CUresult usable(Guest& guest, CUcontext handle, Context** found) {
  *found = handle == nullptr ? current_context() : context_of(guest, handle);
  if (*found == nullptr) return kInvalidContext;
  return (*found)->alive ? kSuccess : kContextIsDestroyed;
}

CUresult create(CUcontext* handle, unsigned flags, CUdevice device) {
  ENTER();
  if (handle == nullptr) return kInvalidValue;
  if (device != 0) return kInvalidDevice;
  auto* const context = new Context;
  context->alive = true;
  context->flags = flags;
  context->number = ++guest.last_number;
  {
    const std::lock_guard lock(contexts_mutex);
    contexts().push_back(context);
  }
  *handle = handle_of(context);
  return push_context(context);
}

CUresult destroy(CUcontext handle) {
  ENTER();
  Context* const context = handle == nullptr ? nullptr : context_of(guest, handle);
  if (context == nullptr || context->primary) return kInvalidContext;
  if (!context->alive.exchange(false)) return kContextIsDestroyed;
  guest.release(context);
  Context* popped = nullptr;
  if (current_context() == context) return pop_context(&popped);
  return kSuccess;
}

CUresult push(CUcontext handle) {
  ENTER();
  Context* context = nullptr;
  if (handle == nullptr) return kInvalidContext;
  const CUresult result = usable(guest, handle, &context);
  return result == kSuccess ? push_context(context) : result;
}

CUresult pop(CUcontext* handle) {
  ENTER();
  Context* context = nullptr;
  const CUresult result = pop_context(&context);
  if (result == kSuccess && handle != nullptr) *handle = handle_of(context);
  return result;
}

CUresult release_primary(CUdevice device) {
  ENTER();
  if (device != 0) return kInvalidDevice;
  const std::lock_guard lock(contexts_mutex);
  if (guest.primary.retained == 0) return kInvalidContext;
  if (--guest.primary.retained > 0) return kSuccess;
  guest.primary.alive = false;
  guest.release(&guest.primary);
  return kSuccess;
}

CUresult reset_primary(CUdevice device) {
  ENTER();
  if (device != 0) return kInvalidDevice;
  guest.release(&guest.primary);
  return kSuccess;
}

CUresult set_primary_flags(CUdevice device, unsigned flags) {
  ENTER();
  if (device != 0) return kInvalidDevice;
  constexpr unsigned kKnown = 0xff;
  if ((flags & ~kKnown) != 0) return kInvalidValue;
  guest.primary.flags = flags;
  return kSuccess;
}

CUresult synchronize(CUcontext handle) {
  ENTER();
  Context* context = nullptr;
  const CUresult result = usable(guest, handle, &context);
  return result == kSuccess ? guest.call(gpu_wire::Synchronize{}) : result;
}

}  // namespace

EXPORT CUresult cuDevicePrimaryCtxRetain(CUcontext* handle, CUdevice device) {
  ENTER();
  if (handle == nullptr) return kInvalidValue;
  if (device != 0) return kInvalidDevice;
  const std::lock_guard lock(contexts_mutex);
  ++guest.primary.retained;
  guest.primary.alive = true;
  *handle = handle_of(&guest.primary);
  return kSuccess;
}

EXPORT CUresult cuDevicePrimaryCtxRelease(CUdevice device) { return release_primary(device); }
EXPORT CUresult cuDevicePrimaryCtxRelease_v2(CUdevice device) { return release_primary(device); }
EXPORT CUresult cuDevicePrimaryCtxReset(CUdevice device) { return reset_primary(device); }
EXPORT CUresult cuDevicePrimaryCtxReset_v2(CUdevice device) { return reset_primary(device); }
EXPORT CUresult cuDevicePrimaryCtxSetFlags(CUdevice device, unsigned flags) {
  return set_primary_flags(device, flags);
}
EXPORT CUresult cuDevicePrimaryCtxSetFlags_v2(CUdevice device, unsigned flags) {
  return set_primary_flags(device, flags);
}

EXPORT CUresult cuDevicePrimaryCtxGetState(CUdevice device, unsigned* flags, int* active) {
  ENTER();
  if (flags == nullptr || active == nullptr) return kInvalidValue;
  if (device != 0) return kInvalidDevice;
  *flags = guest.primary.flags;
  *active = guest.primary.alive ? 1 : 0;
  return kSuccess;
}

EXPORT CUresult cuCtxCreate(CUcontext* context, unsigned flags, CUdevice device) {
  return create(context, flags, device);
}
EXPORT CUresult cuCtxCreate_v2(CUcontext* context, unsigned flags, CUdevice device) {
  return create(context, flags, device);
}
// Parameters beyond the flags ask for partitions of the device, which are not here.
EXPORT CUresult cuCtxCreate_v3(CUcontext* context, const void* affinity, int count, unsigned flags,
                               CUdevice device) {
  return affinity == nullptr && count == 0 ? create(context, flags, device) : kNotSupported;
}
EXPORT CUresult cuCtxCreate_v4(CUcontext* context, const void* parameters, unsigned flags,
                               CUdevice device) {
  return parameters == nullptr ? create(context, flags, device) : kNotSupported;
}

EXPORT CUresult cuCtxDestroy(CUcontext context) { return destroy(context); }
EXPORT CUresult cuCtxDestroy_v2(CUcontext context) { return destroy(context); }
EXPORT CUresult cuCtxPushCurrent(CUcontext context) { return push(context); }
EXPORT CUresult cuCtxPushCurrent_v2(CUcontext context) { return push(context); }
EXPORT CUresult cuCtxPopCurrent(CUcontext* context) { return pop(context); }
EXPORT CUresult cuCtxPopCurrent_v2(CUcontext* context) { return pop(context); }

EXPORT CUresult cuCtxSetCurrent(CUcontext handle) {
  ENTER();
  Context* context = nullptr;
  if (handle != nullptr) {
    const CUresult result = usable(guest, handle, &context);
    if (result != kSuccess) return result;
  }
  set_context(context);
  return kSuccess;
}

EXPORT CUresult cuCtxGetCurrent(CUcontext* handle) {
  ENTER();
  if (handle == nullptr) return kInvalidValue;
  *handle = handle_of(current_context());
  return kSuccess;
}

EXPORT CUresult cuCtxGetDevice(CUdevice* device) {
  ENTER_CONTEXT();
  if (device == nullptr) return kInvalidValue;
  *device = 0;
  return kSuccess;
}

EXPORT CUresult cuCtxGetDevice_v2(CUdevice* device, CUcontext handle) {
  ENTER();
  Context* context = nullptr;
  if (device == nullptr) return kInvalidValue;
  *device = 0;
  return usable(guest, handle, &context);
}

EXPORT CUresult cuCtxGetFlags(unsigned* flags) {
  ENTER_CONTEXT();
  if (flags == nullptr) return kInvalidValue;
  *flags = current_context()->flags;
  return kSuccess;
}

EXPORT CUresult cuCtxSetFlags(unsigned flags) {
  ENTER_CONTEXT();
  current_context()->flags = flags;
  return kSuccess;
}

EXPORT CUresult cuCtxGetId(CUcontext handle, unsigned long long* number) {
  ENTER();
  Context* context = nullptr;
  if (number == nullptr) return kInvalidValue;
  const CUresult result = usable(guest, handle, &context);
  if (result == kSuccess) *number = context->number;
  return result;
}

EXPORT CUresult cuCtxSynchronize() { return synchronize(nullptr); }
EXPORT CUresult cuCtxSynchronize_v2(CUcontext context) { return synchronize(context); }

EXPORT CUresult cuCtxGetApiVersion(CUcontext handle, unsigned* version) {
  ENTER();
  Context* context = nullptr;
  if (version == nullptr) return kInvalidValue;
  constexpr unsigned kApiVersion = 3020;
  *version = kApiVersion;
  return usable(guest, handle, &context);
}

// Limits are the session's device's affair, and it has none to be asked or set.
EXPORT CUresult cuCtxGetLimit(std::size_t* value, int) {
  ENTER_CONTEXT();
  return value == nullptr ? kInvalidValue : kUnsupportedLimit;
}
EXPORT CUresult cuCtxSetLimit(int, std::size_t) {
  ENTER_CONTEXT();
  return kUnsupportedLimit;
}

// A preference, which a device may follow or not.
EXPORT CUresult cuCtxSetCacheConfig(int config) {
  ENTER_CONTEXT();
  return config >= 0 && config <= 3 ? kSuccess : kInvalidValue;
}
EXPORT CUresult cuCtxGetCacheConfig(int* config) {
  ENTER_CONTEXT();
  if (config == nullptr) return kInvalidValue;
  *config = 0;
  return kSuccess;
}

EXPORT CUresult cuCtxGetStreamPriorityRange(int* least, int* greatest) {
  ENTER_CONTEXT();
  if (least != nullptr) *least = 0;
  if (greatest != nullptr) *greatest = 0;
  return kSuccess;
}

}  // namespace gpu_guest
