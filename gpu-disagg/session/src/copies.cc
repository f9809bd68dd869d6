// Bytes of the client: into the device, and back.
#include <algorithm>
#include <array>

#include "executor.h"

namespace gpu_session {

CuResult Executor::on(const gpu_wire::CopyIn& message) {
  const gpu_device::StreamId* on_stream = stream(message.stream);
  if (on_stream == nullptr) return CuResult::kInvalidHandle;
  const std::size_t bytes = message.bytes.size() + request_.tail_left;
  if (bytes == 0) return CuResult::kSuccess;
  // The message's own bytes go when frames are read ahead, which waits only do for host functions.
  std::vector<std::byte> kept;
  std::span<const std::byte> early = message.bytes;
  if (host_calls_->outstanding() > 0) {
    kept.assign(early.begin(), early.end());
    early = kept;
  }
  const std::span<std::byte> room = staging_.room(bytes, *on_stream);
  if (room.empty()) return device_.sticky_error();
  if (!early.empty()) std::ranges::copy(early, room.begin());
  if (auto read = connection_.read_tail(room.subspan(early.size())); !read.ok()) {
    keep(std::move(read));
    return CuResult::kDeviceUnavailable;
  }
  return device_.copy_in(message.address, room.data(), bytes, *on_stream);
}

CuResult Executor::on(const gpu_wire::CopyOut& ask, gpu_wire::CopyOutReply&) {
  const gpu_device::StreamId* on_stream = stream(ask.stream);
  if (on_stream == nullptr) return CuResult::kInvalidHandle;
  if (ask.bytes == 0) return CuResult::kSuccess;
  if (!holds(ask.address, ask.bytes)) {
    const CuResult failed = device_.sticky_error();
    return failed == CuResult::kSuccess ? CuResult::kInvalidValue : failed;
  }
  const CuResult result = copy_out(ask, *on_stream);
  print();
  return result;
}

// Piece by piece, the next one on its way from the device while one is sent.
CuResult Executor::copy_out(const gpu_wire::CopyOut& ask, gpu_device::StreamId on_stream) {
  constexpr std::uint64_t kPiece = Staging::kBufferBytes;
  struct Piece {
    std::span<std::byte> room;
    gpu_device::EventId copied{};
  };
  std::array<Piece, 2> pieces;
  const auto begin = [&](std::uint64_t offset, Piece& piece) {
    const auto bytes = std::min(kPiece, ask.bytes - offset);
    piece.room = staging_.room(bytes, on_stream);
    if (piece.room.empty()) return CuResult::kUnknown;
    const auto result = device_.copy_out(piece.room.data(), ask.address + offset, bytes, on_stream);
    if (result != CuResult::kSuccess) return result;
    const auto event = device_.create_event(gpu_device::kEventDisableTiming);
    if (!event.ok()) return event.result();
    piece.copied = *event;
    return device_.record(piece.copied, on_stream);
  };
  CuResult result = begin(0, pieces[0]);
  std::size_t now = 0;
  for (std::uint64_t offset = 0; offset < ask.bytes && result == CuResult::kSuccess;
       offset += kPiece, now = 1 - now) {
    const Piece piece = pieces[now];
    const bool last = ask.bytes - offset <= kPiece;
    if (!last) result = begin(offset + kPiece, pieces[1 - now]);
    const auto copied = waited([&] { return device_.query_event(piece.copied); },
                               [&] { return device_.synchronize_event(piece.copied); });
    device_.destroy_event(piece.copied);
    if (copied != CuResult::kSuccess) return copied;
    keep(connection_.say(
        gpu_wire::Data{.landing = ask.landing, .offset = offset, .last = last ? 1U : 0U},
        piece.room));
    if (!broken_.ok()) return CuResult::kDeviceUnavailable;
  }
  return result;
}

CuResult Executor::on(const gpu_wire::CopyOutLater& message) {
  const gpu_device::StreamId* on_stream = stream(message.stream);
  if (on_stream == nullptr) return CuResult::kInvalidHandle;
  if (!holds(message.address, message.bytes)) return CuResult::kInvalidValue;
  // Too much to keep: then it is not later, which a program cannot tell.
  if (message.bytes > quotas_.staged_bytes - std::min(later_bytes_, quotas_.staged_bytes))
    return copy_out(
        {.landing = message.landing, .address = message.address, .bytes = message.bytes},
        *on_stream);
  LaterCopy copy{
      .bytes = std::vector<std::byte>(message.bytes), .copied = {}, .landing = message.landing};
  const auto event = device_.create_event(gpu_device::kEventDisableTiming);
  if (!event.ok()) return event.result();
  copy.copied = *event;
  CuResult result = device_.copy_out(copy.bytes.data(), message.address, message.bytes, *on_stream);
  if (result == CuResult::kSuccess) result = device_.record(copy.copied, *on_stream);
  later_bytes_ += message.bytes;
  // Kept even if it failed: the device may have begun to write.
  later_.push_back(std::move(copy));
  return result;
}

// Sends what streams have passed since.
void Executor::deliver() {
  for (auto copy = later_.begin(); copy != later_.end();) {
    if (device_.query_event(copy->copied) != CuResult::kSuccess) {
      ++copy;
      continue;
    }
    const std::span<const std::byte> all(copy->bytes);
    for (std::size_t offset = 0; offset < all.size(); offset += Staging::kBufferBytes) {
      const auto piece = all.subspan(offset, std::min(Staging::kBufferBytes, all.size() - offset));
      const bool last = offset + piece.size() == all.size();
      keep(connection_.say(
          gpu_wire::Data{.landing = copy->landing, .offset = offset, .last = last ? 1U : 0U},
          piece));
    }
    device_.destroy_event(copy->copied);
    later_bytes_ -= all.size();
    copy = later_.erase(copy);
  }
}

}  // namespace gpu_session
