// Memory between the connection and the device: bytes wait here until a stream has passed their
// copy.
//
// A few buffers, used in turn. Copies of one after the other share a buffer; when it is full,
// events are put into the streams that read it, and it is used again after these. Not thread-safe.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <vector>

#include "gpu_device/device.h"
#include "gpu_wire/frame.h"

namespace gpu_session {

class Staging {
 public:
  static constexpr std::size_t kBufferBytes = gpu_wire::kTailBytesMax;

  // `wait` waits for an event and gives up when the session ends.
  Staging(gpu_device::Device& device, std::function<gpu_device::CuResult(gpu_device::EventId)> wait)
      : device_(device), wait_(std::move(wait)), buffers_(kBuffers) {}

  // Room for at most kBufferBytes; empty when the device has failed. The bytes are free again once
  // `stream` has passed what is queued to it before the next room() or leave().
  std::span<std::byte> room(std::size_t bytes, gpu_device::StreamId stream);
  // Before a stream is destroyed.
  void leave(gpu_device::StreamId stream);

 private:
  static constexpr std::size_t kBuffers = 4;

  struct Buffer {
    std::vector<std::byte> bytes;
    std::vector<gpu_device::StreamId> streams;  // that may read it
    std::vector<gpu_device::EventId> passed;    // after which nobody does
    std::size_t used = 0;
  };

  bool mark(Buffer& buffer);
  bool turn();

  gpu_device::Device& device_;
  const std::function<gpu_device::CuResult(gpu_device::EventId)> wait_;
  std::vector<Buffer> buffers_;
  std::size_t current_ = 0;
};

}  // namespace gpu_session
