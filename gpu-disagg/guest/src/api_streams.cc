// Streams and events.
#include <bit>

#include "guest.h"
#include "streamed.h"

namespace gpu_guest {
namespace {

CUresult create_stream(CUstream* stream, unsigned flags, int priority) {
  ENTER_CONTEXT();
  constexpr unsigned kKnown = 1;
  if (stream == nullptr || (flags & ~kKnown) != 0) return kInvalidValue;
  const std::uint64_t id = guest.streams.create([&](Stream& made, std::uint64_t number) {
    made = {.context = current_context(), .flags = flags, .priority = 0};
    (void)guest.post(
        gpu_wire::StreamCreate{.stream = number, .flags = flags, .priority = priority});
  });
  if (id == 0) return kOutOfMemory;
  *stream = std::bit_cast<CUstream>(id);
  return guest.link().lost() ? kDeviceUnavailable : kSuccess;
}

CUresult destroy_stream(CUstream stream) {
  ENTER_CONTEXT();
  const auto id = reinterpret_cast<std::uint64_t>(stream);
  if (!guest.streams.destroy(id)) return kInvalidHandle;
  return guest.post(gpu_wire::StreamDestroy{.stream = id});
}

CUresult synchronize(CUstream stream, bool per_thread) {
  ENTER_CONTEXT();
  std::uint64_t wire = 0;
  if (!resolve(guest, stream, per_thread, &wire)) return kInvalidHandle;
  return guest.call(gpu_wire::StreamSynchronize{.stream = wire});
}

CUresult query(CUstream stream, bool per_thread) {
  ENTER_CONTEXT();
  std::uint64_t wire = 0;
  if (!resolve(guest, stream, per_thread, &wire)) return kInvalidHandle;
  return guest.call(gpu_wire::StreamQuery{.stream = wire});
}

CUresult wait(CUstream stream, CUevent handle, bool per_thread) {
  ENTER_CONTEXT();
  std::uint64_t wire = 0;
  const Event* const event = guest.events.find(handle);
  if (event == nullptr || !resolve(guest, stream, per_thread, &wire)) return kInvalidHandle;
  if (event->recorded == 0) return kSuccess;
  return guest.post(
      gpu_wire::StreamWait{.stream = wire, .event = reinterpret_cast<std::uint64_t>(handle)});
}

// What a stream is, for one of its questions; the default ones are plain.
CUresult describe(CUstream stream, bool per_thread, Stream* described) {
  ENTER_CONTEXT();
  std::uint64_t wire = 0;
  if (!resolve(guest, stream, per_thread, &wire)) return kInvalidHandle;
  *described = {.context = current_context(), .flags = 0, .priority = 0};
  if (wire != gpu_wire::kLegacyStream)
    *described = *guest.streams.find(std::bit_cast<CUstream>(wire));
  return kSuccess;
}

template <typename T, typename Get>
CUresult ask(CUstream stream, bool per_thread, T* to, const Get& get) {
  if (to == nullptr) return kInvalidValue;
  Stream described;
  const CUresult result = describe(stream, per_thread, &described);
  if (result == kSuccess) *to = get(described);
  return result;
}

CUresult flags_of(CUstream stream, unsigned* flags, bool per_thread) {
  return ask(stream, per_thread, flags, [](const Stream& s) { return s.flags; });
}
CUresult priority_of(CUstream stream, int* priority, bool per_thread) {
  return ask(stream, per_thread, priority, [](const Stream& s) { return s.priority; });
}
CUresult context_of(CUstream stream, CUcontext* context, bool per_thread) {
  return ask(stream, per_thread, context,
             [](const Stream& s) { return reinterpret_cast<CUcontext>(s.context); });
}
CUresult device_of(CUstream stream, CUdevice* device, bool per_thread) {
  return ask(stream, per_thread, device, [](const Stream&) { return 0; });
}
CUresult number_of(CUstream stream, unsigned long long* number, bool per_thread) {
  ENTER_CONTEXT();
  std::uint64_t wire = 0;
  if (number == nullptr) return kInvalidValue;
  if (!resolve(guest, stream, per_thread, &wire)) return kInvalidHandle;
  *number = wire;
  return kSuccess;
}

// No capture can be begun, so none is under way on a stream that is one.
CUresult capture_status(CUstream stream, int* status, bool per_thread) {
  return ask(stream, per_thread, status, [](const Stream&) { return 0; });
}

CUresult destroy_event(CUevent handle) {
  ENTER_CONTEXT();
  const auto id = reinterpret_cast<std::uint64_t>(handle);
  if (!guest.events.destroy(id)) return kInvalidHandle;
  return guest.post(gpu_wire::EventDestroy{.event = id});
}

CUresult record(CUevent handle, CUstream stream, unsigned flags, bool per_thread) {
  ENTER_CONTEXT();
  if (flags > 1) return kInvalidValue;
  std::uint64_t wire = 0;
  Event* const event = guest.events.find(handle);
  if (event == nullptr || !resolve(guest, stream, per_thread, &wire)) return kInvalidHandle;
  ++event->recorded;
  return guest.post(
      gpu_wire::EventRecord{.event = reinterpret_cast<std::uint64_t>(handle), .stream = wire});
}

// Asks unless it is known; remembers what the answer was about, as another thread may record it
// meanwhile.
template <typename Message>
CUresult ask_event(CUevent handle) {
  ENTER_CONTEXT();
  Event* const event = guest.events.find(handle);
  if (event == nullptr) return kInvalidHandle;
  const std::uint64_t recorded = event->recorded;
  if (event->done == recorded) return kSuccess;
  const CUresult result = guest.call(Message{.event = reinterpret_cast<std::uint64_t>(handle)});
  if (result == kSuccess) event->done = recorded;
  return result;
}

constexpr unsigned kDisableTiming = 2;

CUresult elapsed(float* milliseconds, CUevent from, CUevent to) {
  ENTER_CONTEXT();
  if (milliseconds == nullptr) return kInvalidValue;
  for (const CUevent handle : {from, to}) {
    const Event* event = guest.events.find(handle);
    if (event == nullptr || event->recorded == 0 || (event->flags & kDisableTiming) != 0)
      return kInvalidHandle;
  }
  gpu_wire::EventElapsedReply reply;
  const CUresult result =
      guest.call(gpu_wire::EventElapsed{.from = reinterpret_cast<std::uint64_t>(from),
                                        .to = reinterpret_cast<std::uint64_t>(to)},
                 &reply);
  if (result == kSuccess) *milliseconds = reply.milliseconds;
  return result;
}

}  // namespace

EXPORT CUresult cuStreamCreate(CUstream* stream, unsigned flags) {
  return create_stream(stream, flags, 0);
}
EXPORT CUresult cuStreamCreateWithPriority(CUstream* stream, unsigned flags, int priority) {
  return create_stream(stream, flags, priority);
}
EXPORT CUresult cuStreamDestroy(CUstream stream) { return destroy_stream(stream); }
EXPORT CUresult cuStreamDestroy_v2(CUstream stream) { return destroy_stream(stream); }
STREAMED(cuStreamSynchronize, _ptsz, (CUstream stream), synchronize(stream, per_thread))
STREAMED(cuStreamQuery, _ptsz, (CUstream stream), query(stream, per_thread))
STREAMED(cuStreamWaitEvent, _ptsz, (CUstream stream, CUevent event, unsigned flags),
         (flags > 1 ? kInvalidValue : wait(stream, event, per_thread)))
STREAMED(cuStreamGetFlags, _ptsz, (CUstream stream, unsigned* flags),
         flags_of(stream, flags, per_thread))
STREAMED(cuStreamGetPriority, _ptsz, (CUstream stream, int* priority),
         priority_of(stream, priority, per_thread))
STREAMED(cuStreamGetId, _ptsz, (CUstream stream, unsigned long long* number),
         number_of(stream, number, per_thread))
STREAMED(cuStreamGetCtx, _ptsz, (CUstream stream, CUcontext* context),
         context_of(stream, context, per_thread))
STREAMED(cuStreamGetDevice, _ptsz, (CUstream stream, CUdevice* device),
         device_of(stream, device, per_thread))
STREAMED(cuStreamIsCapturing, _ptsz, (CUstream stream, int* status),
         capture_status(stream, status, per_thread))
STREAMED(cuStreamGetCaptureInfo, _ptsz, (CUstream stream, int* status, std::uint64_t*),
         capture_status(stream, status, per_thread))
STREAMED(cuStreamGetCaptureInfo_v2, _ptsz,
         (CUstream stream, int* status, std::uint64_t*, CUgraph*, const void**, std::size_t*),
         capture_status(stream, status, per_thread))
STREAMED(cuStreamGetCaptureInfo_v3, _ptsz,
         (CUstream stream, int* status, std::uint64_t*, CUgraph*, const void**, const void**,
          std::size_t*),
         capture_status(stream, status, per_thread))

EXPORT CUresult cuEventCreate(CUevent* event, unsigned flags) {
  ENTER_CONTEXT();
  constexpr unsigned kKnown = 3;
  if (event == nullptr || (flags & ~kKnown) != 0) return kInvalidValue;
  const std::uint64_t id = guest.events.create([&](Event& made, std::uint64_t number) {
    made.context = current_context();
    made.flags = flags;
    made.recorded = 0;
    made.done = 0;
    (void)guest.post(gpu_wire::EventCreate{.event = number, .flags = flags});
  });
  if (id == 0) return kOutOfMemory;
  *event = std::bit_cast<CUevent>(id);
  return guest.link().lost() ? kDeviceUnavailable : kSuccess;
}
EXPORT CUresult cuEventDestroy(CUevent event) { return destroy_event(event); }
EXPORT CUresult cuEventDestroy_v2(CUevent event) { return destroy_event(event); }
STREAMED(cuEventRecord, _ptsz, (CUevent event, CUstream stream),
         record(event, stream, 0, per_thread))
STREAMED(cuEventRecordWithFlags, _ptsz, (CUevent event, CUstream stream, unsigned flags),
         record(event, stream, flags, per_thread))
EXPORT CUresult cuEventQuery(CUevent event) { return ask_event<gpu_wire::EventQuery>(event); }
EXPORT CUresult cuEventSynchronize(CUevent event) {
  return ask_event<gpu_wire::EventSynchronize>(event);
}
EXPORT CUresult cuEventElapsedTime(float* milliseconds, CUevent from, CUevent to) {
  return elapsed(milliseconds, from, to);
}
EXPORT CUresult cuEventElapsedTime_v2(float* milliseconds, CUevent from, CUevent to) {
  return elapsed(milliseconds, from, to);
}

}  // namespace gpu_guest
