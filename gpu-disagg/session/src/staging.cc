#include "staging.h"

#include <algorithm>

namespace gpu_session {

using gpu_device::CuResult;
using gpu_device::EventId;
using gpu_device::StreamId;

std::span<std::byte> Staging::room(std::size_t bytes, StreamId stream) {
  if (buffers_[current_].used + bytes > kBufferBytes && !turn()) return {};
  Buffer& buffer = buffers_[current_];
  if (buffer.bytes.empty()) buffer.bytes.resize(kBufferBytes);
  if (std::ranges::find(buffer.streams, stream) == buffer.streams.end())
    buffer.streams.push_back(stream);
  const auto room = std::span(buffer.bytes).subspan(buffer.used, bytes);
  buffer.used += bytes;
  return room;
}

void Staging::leave(StreamId stream) {
  const auto& streams = buffers_[current_].streams;
  if (std::ranges::find(streams, stream) != streams.end()) turn();
}

// Puts an event behind what each stream has to read.
bool Staging::mark(Buffer& buffer) {
  for (const StreamId stream : buffer.streams) {
    const auto event = device_.create_event(gpu_device::kEventDisableTiming);
    if (!event.ok()) return false;
    buffer.passed.push_back(*event);
    if (device_.record(*event, stream) != CuResult::kSuccess) return false;
  }
  buffer.streams.clear();
  return true;
}

bool Staging::turn() {
  if (!mark(buffers_[current_])) return false;
  current_ = (current_ + 1) % buffers_.size();
  Buffer& next = buffers_[current_];
  for (const EventId event : next.passed) {
    if (wait_(event) != CuResult::kSuccess) return false;
    device_.destroy_event(event);
  }
  next.passed.clear();
  next.used = 0;
  return true;
}

}  // namespace gpu_session
