// A frame: a header of twelve bytes, then as many as it says.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "gpu_wire/codec.h"

namespace gpu_wire {

// Changes when frames themselves change; what is in them is told by the schema's hash.
inline constexpr std::uint32_t kProtocolVersion = 1;

// A frame's payload without a tail, and one with a tail (a piece of a copy or of an image), is at
// most so long.
inline constexpr std::uint32_t kMessageBytesMax = 4 << 20;
// Small enough that the pieces which are under way stay in a processor's cache.
inline constexpr std::uint32_t kTailBytesMax = 256 << 10;
// What a client asks of the session is shorter: parameters of a launch are the longest.
inline constexpr std::uint32_t kRequestBytesMax = 64 << 10;

// The opcode of a reply is that of its call with this bit; its sequence is the call's.
inline constexpr std::uint16_t kReplyBit = 0x8000;

struct FrameHeader {
  static constexpr std::size_t kBytes = 12;

  std::uint32_t length = 0;  // bytes after the header
  std::uint16_t opcode = 0;
  std::uint16_t flags = 0;  // none yet: 0
  std::uint32_t sequence = 0;

  std::byte* encode(std::byte* to) const {
    return put(put(put(put(to, length), opcode), flags), sequence);
  }
  // From at least kBytes bytes.
  static FrameHeader decode(std::span<const std::byte> bytes) {
    FrameHeader header;
    Reader in(bytes);
    in.take(header.length);
    in.take(header.opcode);
    in.take(header.flags);
    in.take(header.sequence);
    return header;
  }
};

// Appends the message as a frame.
template <typename Message>
void append_frame(std::vector<std::byte>& to, std::uint32_t sequence, const Message& message) {
  const std::size_t length = message.encoded_bytes(), at = to.size();
  to.resize(at + FrameHeader::kBytes + length);
  const FrameHeader header{.length = static_cast<std::uint32_t>(length),
                           .opcode = Message::kOpcode,
                           .sequence = sequence};
  message.encode(header.encode(to.data() + at));
}

// The same for a message whose tail, of `tail_bytes` bytes, is sent after it from where it lies.
template <typename Message>
void append_frame_head(std::vector<std::byte>& to, std::uint32_t sequence, Message message,
                       std::size_t tail_bytes) {
  append_frame(to, sequence, message);
  const auto length = static_cast<std::uint32_t>(message.encoded_bytes() + tail_bytes);
  put(to.data() + to.size() - Message::kTailOffset - FrameHeader::kBytes, length);
}

}  // namespace gpu_wire
