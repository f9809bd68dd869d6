// Streams and events, of which only the names exist.
#include "gpu_null/null_device.h"

namespace gpu_null {

using gpu_device::CuResult;

bool NullDevice::stream_exists(StreamId stream) const {
  const std::lock_guard lock(mutex_);
  return stream <= StreamId::kPerThread || streams_.contains(stream);
}

gpu_device::Answer<gpu_device::StreamId> NullDevice::create_stream(unsigned, int) {
  const std::lock_guard lock(mutex_);
  if (fault_ != CuResult::kSuccess) return fault_;
  const auto stream = static_cast<StreamId>(++last_);
  streams_.insert(stream);
  return stream;
}

CuResult NullDevice::destroy_stream(StreamId stream) {
  const std::lock_guard lock(mutex_);
  return streams_.erase(stream) > 0 ? fault_ : CuResult::kInvalidHandle;
}

CuResult NullDevice::query_stream(StreamId stream) {
  return stream_exists(stream) ? sticky_error() : CuResult::kInvalidHandle;
}

CuResult NullDevice::synchronize_stream(StreamId stream) { return query_stream(stream); }

CuResult NullDevice::wait_event(StreamId stream, EventId event) {
  const CuResult result = query_stream(stream);
  return result == CuResult::kSuccess ? query_event(event) : result;
}

CuResult NullDevice::call_host(StreamId, std::function<void()>) { return CuResult::kNotSupported; }

gpu_device::Answer<gpu_device::EventId> NullDevice::create_event(unsigned flags) {
  const std::lock_guard lock(mutex_);
  if (fault_ != CuResult::kSuccess) return fault_;
  const auto event = static_cast<EventId>(++last_);
  events_[event] = (flags & gpu_device::kEventDisableTiming) == 0;
  return event;
}

CuResult NullDevice::destroy_event(EventId event) {
  const std::lock_guard lock(mutex_);
  return events_.erase(event) > 0 ? fault_ : CuResult::kInvalidHandle;
}

CuResult NullDevice::record(EventId event, StreamId stream) {
  const CuResult result = query_stream(stream);
  return result == CuResult::kSuccess ? query_event(event) : result;
}

CuResult NullDevice::query_event(EventId event) {
  const std::lock_guard lock(mutex_);
  return events_.contains(event) ? fault_ : CuResult::kInvalidHandle;
}

CuResult NullDevice::synchronize_event(EventId event) { return query_event(event); }

gpu_device::Answer<float> NullDevice::elapsed_ms(EventId start, EventId end) {
  const std::lock_guard lock(mutex_);
  if (fault_ != CuResult::kSuccess) return fault_;
  const auto first = events_.find(start), last = events_.find(end);
  if (first == events_.end() || last == events_.end() || !first->second || !last->second)
    return CuResult::kInvalidHandle;
  return 0.0F;
}

}  // namespace gpu_null
