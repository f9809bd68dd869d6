#include "cuda_device.h"

namespace gpu_cuda {

using gpu_device::Answer;
using gpu_device::CuResult;
using gpu_device::EventId;
using gpu_device::StreamId;

// The driver's own names for the streams that are always there are the same small numbers.
std::optional<Handle> CudaDevice::stream_of(StreamId stream) {
  const auto id = static_cast<std::uint64_t>(stream);
  if (stream <= StreamId::kPerThread) return reinterpret_cast<Handle>(id);
  const std::lock_guard lock(mutex_);
  const auto found = streams_.find(id);
  if (found == streams_.end()) return std::nullopt;
  return found->second;
}

std::optional<Handle> CudaDevice::event_of(EventId event) {
  const std::lock_guard lock(mutex_);
  const auto found = events_.find(static_cast<std::uint64_t>(event));
  if (found == events_.end()) return std::nullopt;
  return found->second;
}

Answer<StreamId> CudaDevice::create_stream(unsigned flags, int priority) {
  Handle stream = nullptr;
  const CuResult result = ask(driver_.stream_create, &stream, flags, priority);
  if (result != CuResult::kSuccess) return result;
  const std::lock_guard lock(mutex_);
  const std::uint64_t id = next_id_++;
  streams_[id] = stream;
  return static_cast<StreamId>(id);
}

CuResult CudaDevice::destroy_stream(StreamId stream) {
  if (stream <= StreamId::kPerThread) return CuResult::kInvalidHandle;
  const auto handle = stream_of(stream);
  if (!handle) return CuResult::kInvalidHandle;
  {
    const std::lock_guard lock(mutex_);
    streams_.erase(static_cast<std::uint64_t>(stream));
  }
  return ask(driver_.stream_destroy, *handle);
}

CuResult CudaDevice::query_stream(StreamId stream) {
  const auto handle = stream_of(stream);
  return handle ? ask(driver_.stream_query, *handle) : CuResult::kInvalidHandle;
}

CuResult CudaDevice::synchronize_stream(StreamId stream) {
  const auto handle = stream_of(stream);
  return handle ? ask(driver_.stream_synchronize, *handle) : CuResult::kInvalidHandle;
}

CuResult CudaDevice::wait_event(StreamId stream, EventId event) {
  const auto handle = stream_of(stream);
  const auto awaited = event_of(event);
  if (!handle || !awaited) return CuResult::kInvalidHandle;
  return ask(driver_.stream_wait, *handle, *awaited, 0U);
}

CuResult CudaDevice::call_host(StreamId stream, std::function<void()> call) {
  const auto handle = stream_of(stream);
  if (!handle) return CuResult::kInvalidHandle;
  auto owned = std::make_unique<std::function<void()>>(std::move(call));
  void (*const run)(void*) = [](void* data) {
    const std::unique_ptr<std::function<void()>> mine(static_cast<std::function<void()>*>(data));
    (*mine)();
  };
  const CuResult result = ask(driver_.call_host, *handle, run, static_cast<void*>(owned.get()));
  // The driver has it now, and calls it once, unless an error is sticky: then it is lost with the
  // context.
  if (result == CuResult::kSuccess) (void)owned.release();
  return result;
}

Answer<EventId> CudaDevice::create_event(unsigned flags) {
  Handle event = nullptr;
  const CuResult result = ask(driver_.event_create, &event, flags);
  if (result != CuResult::kSuccess) return result;
  const std::lock_guard lock(mutex_);
  const std::uint64_t id = next_id_++;
  events_[id] = event;
  return static_cast<EventId>(id);
}

CuResult CudaDevice::destroy_event(EventId event) {
  const auto handle = event_of(event);
  if (!handle) return CuResult::kInvalidHandle;
  {
    const std::lock_guard lock(mutex_);
    events_.erase(static_cast<std::uint64_t>(event));
  }
  return ask(driver_.event_destroy, *handle);
}

CuResult CudaDevice::record(EventId event, StreamId stream) {
  const auto handle = stream_of(stream);
  const auto recorded = event_of(event);
  if (!handle || !recorded) return CuResult::kInvalidHandle;
  return ask(driver_.event_record, *recorded, *handle);
}

CuResult CudaDevice::query_event(EventId event) {
  const auto handle = event_of(event);
  return handle ? ask(driver_.event_query, *handle) : CuResult::kInvalidHandle;
}

CuResult CudaDevice::synchronize_event(EventId event) {
  const auto handle = event_of(event);
  return handle ? ask(driver_.event_synchronize, *handle) : CuResult::kInvalidHandle;
}

Answer<float> CudaDevice::elapsed_ms(EventId start, EventId end) {
  const auto first = event_of(start), last = event_of(end);
  if (!first || !last) return CuResult::kInvalidHandle;
  float ms = 0;
  const CuResult result = ask(driver_.event_elapsed, &ms, *first, *last);
  if (result != CuResult::kSuccess) return result;
  return ms;
}

}  // namespace gpu_cuda
