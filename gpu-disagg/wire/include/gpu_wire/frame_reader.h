// Takes frames from a transport. Not thread-safe; what next() gives is valid until the next call.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"
#include "gpu_wire/frame.h"
#include "gpu_wire/transport.h"

namespace gpu_wire {

class FrameReader {
 public:
  struct Frame {
    FrameHeader header;
    std::span<const std::byte> payload;  // without what is left of the tail
    std::uint32_t tail_left = 0;         // take it with read_tail() before next()
  };

  // `message_bytes_max`: frames without a tail that are longer are refused, before anything is
  // allocated for them.
  FrameReader(Transport& transport, std::uint32_t message_bytes_max);

  // Waits for a frame. A short one is whole; of a long one with a tail, payload ends where the tail
  // begins. kUnavailable: the connection is over. kDataLoss: what comes is no frame of ours.
  base::Result<Frame> next();

  // Takes the next bytes of the tail, straight to where they belong.
  base::Status read_tail(std::span<std::byte> to);
  base::Status skip_tail();

  // Whether next() would find bytes that were already received.
  bool has_buffered() const { return begin_ < end_; }
  // Bytes of frames and tails given out so far.
  std::uint64_t consumed_bytes() const { return consumed_; }

 private:
  base::Status need(std::size_t count);
  base::Status check(const FrameHeader& header) const;

  Transport& transport_;
  const std::uint32_t message_bytes_max_;
  std::vector<std::byte> buffer_;
  std::size_t begin_ = 0, end_ = 0;
  std::uint32_t tail_left_ = 0;
  std::uint64_t consumed_ = 0;
};

}  // namespace gpu_wire
