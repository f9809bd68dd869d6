#include "gpu_pool/session_channel.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>

#include "base_net/bytes.h"
#include "usage.h"

namespace gpu_pool::session_channel {
namespace {

using base::Error;
using base::ErrorCode;
using base_net::ByteReader;
using base_net::ByteWriter;

constexpr std::size_t kPacketBytesMax = 2048;
constexpr std::size_t kTextBytesMax = 1024;

}  // namespace

std::string encode(const Packet& packet) {
  ByteWriter out;
  out.number(static_cast<std::uint8_t>(packet.index()));
  if (const auto* ready = std::get_if<Ready>(&packet)) out.text(ready->device);
  if (const auto* lease = std::get_if<Lease>(&packet)) {
    out.text(lease->token).number(lease->memory_bytes);
  }
  if (const auto* done = std::get_if<Done>(&packet)) {
    write(out, done->usage);
  }
  return out.take();
}

base::Result<Packet> decode(std::string_view bytes) {
  ByteReader in(bytes);
  const auto type = in.number<std::uint8_t>();
  Packet packet;
  if (type == 0) packet = Ready{in.text(kTextBytesMax)};
  if (type == 1) {
    std::string token = in.text(kTextBytesMax);
    packet = Lease{std::move(token), in.number<std::uint64_t>()};
  }
  if (type == 2) packet = End{};
  if (type == 3) {
    Usage usage;
    read(in, usage);
    packet = Done{usage};
  }
  if (type <= 3 && in.at_end()) return packet;
  return Error{ErrorCode::kInvalidArgument, "a packet that nobody can read"};
}

base::Result<Pair> open() {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return base::error_from_errno(errno, "making the channel of a session");
  }
  return Pair{base::UniqueFd(ends[0]), base::UniqueFd(ends[1])};
}

base::Status send(int channel, const Packet& packet) {
  const std::string bytes = encode(packet);
  const auto sent = ::send(channel, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (sent == static_cast<ssize_t>(bytes.size())) return {};
  return Error{ErrorCode::kUnavailable, "the other end of a session's channel takes nothing"};
}

base::Result<std::optional<Packet>> receive(int channel) {
  std::array<char, kPacketBytesMax> bytes;
  const auto got = ::recv(channel, bytes.data(), bytes.size(), 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return std::optional<Packet>();
  if (got <= 0)
    return Error{ErrorCode::kUnavailable, "the other end of a session's channel is gone"};
  TRY(Packet packet, decode({bytes.data(), static_cast<std::size_t>(got)}));
  return std::optional<Packet>(std::move(packet));
}

}  // namespace gpu_pool::session_channel
