#include "gpu_wire/frame_reader.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "base/check.h"
#include "gpu_wire/messages.h"

namespace gpu_wire {
namespace {

constexpr std::size_t kBufferBytes = 64 << 10;
// Frames up to here are given whole, tail and all: a launch, a small copy.
constexpr std::uint32_t kWholeBytes = 32 << 10;

}  // namespace

FrameReader::FrameReader(Transport& transport, std::uint32_t message_bytes_max)
    : transport_(transport), message_bytes_max_(message_bytes_max), buffer_(kBufferBytes) {}

base::Status FrameReader::check(const FrameHeader& header) const {
  const std::size_t tail = tail_offset(header.opcode);
  const std::size_t most =
      tail == 0 ? message_bytes_max_ : std::size_t{tail} + std::size_t{kTailBytesMax};
  if (header.flags == 0 && header.length <= most && header.length >= tail) return {};
  return base::Error{base::ErrorCode::kDataLoss, "a frame of " + std::to_string(header.length) +
                                                     " bytes with opcode " +
                                                     std::to_string(header.opcode) + " cannot be"};
}

// Makes the buffer hold at least `count` bytes from begin_ on.
base::Status FrameReader::need(std::size_t count) {
  if (end_ - begin_ >= count) return {};
  if (begin_ + count > buffer_.size() || begin_ == end_) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
    if (count > buffer_.size()) buffer_.resize(count);
  }
  while (end_ - begin_ < count) {
    TRY(const std::size_t got, transport_.receive(std::span(buffer_).subspan(end_)));
    end_ += got;
  }
  return {};
}

base::Result<FrameReader::Frame> FrameReader::next() {
  CHECK(tail_left_ == 0);
  TRY_STATUS(need(FrameHeader::kBytes));
  const FrameHeader header = FrameHeader::decode(std::span(buffer_).subspan(begin_));
  TRY_STATUS(check(header));
  const std::size_t tail = tail_offset(header.opcode);
  const std::size_t now =
      tail == 0 || header.length <= kWholeBytes ? header.length : std::size_t{tail};
  TRY_STATUS(need(FrameHeader::kBytes + now));
  Frame frame{.header = header,
              .payload = std::span(buffer_).subspan(begin_ + FrameHeader::kBytes, now),
              .tail_left = header.length - static_cast<std::uint32_t>(now)};
  begin_ += FrameHeader::kBytes + now;
  consumed_ += FrameHeader::kBytes + now;
  tail_left_ = frame.tail_left;
  return frame;
}

base::Status FrameReader::read_tail(std::span<std::byte> to) {
  CHECK(to.size() <= tail_left_);
  tail_left_ -= static_cast<std::uint32_t>(to.size());
  consumed_ += to.size();
  const std::size_t here = std::min(to.size(), end_ - begin_);
  if (here > 0) std::memcpy(to.data(), buffer_.data() + begin_, here);
  begin_ += here;
  to = to.subspan(here);
  while (!to.empty()) {
    TRY(const std::size_t got, transport_.receive(to));
    to = to.subspan(got);
  }
  return {};
}

base::Status FrameReader::skip_tail() {
  std::array<std::byte, 4096> bytes{};
  while (tail_left_ > 0) {
    TRY_STATUS(read_tail(std::span(bytes).first(std::min<std::size_t>(tail_left_, bytes.size()))));
  }
  return {};
}

}  // namespace gpu_wire
