// The session's end of the connection: frames in, with those set aside first; replies and events
// out.
//
// Threads: next(), pump() and reply() on the session's thread; events from any.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <mutex>
#include <vector>

#include "gpu_session/session.h"
#include "gpu_wire/frame.h"
#include "gpu_wire/frame_reader.h"
#include "gpu_wire/messages.h"

namespace gpu_session {

class Connection {
 public:
  struct Request {
    gpu_wire::FrameHeader header;
    std::span<const std::byte> payload;
    std::uint32_t tail_left = 0;
  };

  explicit Connection(gpu_wire::Transport& transport)
      : transport_(transport), reader_(transport, gpu_wire::kRequestBytesMax) {}

  // Frames are credited in steps of a part of this, from now on.
  void set_window(std::uint64_t bytes) { credit_step_ = bytes / kCreditSteps; }

  base::Result<Request> next();
  base::Status read_tail(std::span<std::byte> to) { return reader_.read_tail(to); }
  base::Status skip_tail() { return reader_.skip_tail(); }
  // After a request was executed.
  base::Status credit();

  // Takes what has come within `time`, and sets it aside for next(), all but what `takes` takes.
  base::Status set_aside(std::chrono::milliseconds time,
                         const std::function<bool(const Request&)>& takes);

  // A reply; `message_opcode` and `sequence` are the call's. The fields only when all is well.
  template <typename Reply>
  base::Status reply(const gpu_wire::FrameHeader& to, const gpu_wire::ReplyHead& head,
                     const Reply& fields) {
    const std::lock_guard lock(out_mutex_);
    out_.resize(gpu_wire::FrameHeader::kBytes + gpu_wire::ReplyHead::kBytesLeast +
                (head.result == 0 ? fields.encoded_bytes() : 0));
    const gpu_wire::FrameHeader header{
        .length = static_cast<std::uint32_t>(out_.size() - gpu_wire::FrameHeader::kBytes),
        .opcode = static_cast<std::uint16_t>(to.opcode | gpu_wire::kReplyBit),
        .sequence = to.sequence};
    std::byte* at = head.encode(header.encode(out_.data()));
    if (head.result == 0) fields.encode(at);
    return send({});
  }

  template <typename Event>
  base::Status say(const Event& event) {
    const std::lock_guard lock(out_mutex_);
    out_.clear();
    gpu_wire::append_frame(out_, 0, event);
    return send({});
  }

  // An event whose tail is sent from where it lies.
  template <typename Event>
  base::Status say(const Event& event, std::span<const std::byte> tail) {
    const std::lock_guard lock(out_mutex_);
    out_.clear();
    gpu_wire::append_frame_head(out_, 0, event, tail.size());
    return send(tail);
  }

  void close() { transport_.close(); }
  bool readable(std::chrono::milliseconds time) {
    return !aside_.empty() || reader_.has_buffered() || transport_.readable(time);
  }
  std::uint64_t bytes_in() const { return reader_.consumed_bytes(); }
  std::uint64_t bytes_out() const { return bytes_out_.load(std::memory_order_relaxed); }

 private:
  // The finer, the more of the window is of use to a client that is far away.
  static constexpr std::uint64_t kCreditSteps = 16;

  struct Aside {
    gpu_wire::FrameHeader header;
    std::vector<std::byte> payload;
  };

  base::Status send(std::span<const std::byte> tail) {
    bytes_out_.store(bytes_out() + out_.size() + tail.size(), std::memory_order_relaxed);
    return transport_.send(out_, tail);
  }

  gpu_wire::Transport& transport_;
  gpu_wire::FrameReader reader_;
  std::deque<Aside> aside_;
  std::vector<std::byte> current_;  // the payload of a frame that was set aside
  std::uint64_t aside_bytes_ = 0;
  std::uint64_t credited_ = 0, credit_step_ = ~std::uint64_t{0};

  std::mutex out_mutex_;  // guards sending, and what follows
  std::vector<std::byte> out_;
  std::atomic<std::uint64_t> bytes_out_ = 0;
};

}  // namespace gpu_session
