#include "storage_control/packet.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

namespace storage_control {
namespace {

using base::Error;
using base::error_from_errno;
using base::ErrorCode;
using base::Result;
using base::Status;
using base::UniqueFd;

constexpr int kWaitingMax = 64;
constexpr timeval kSendPatience{10, 0};

Result<sockaddr_un> address_of(const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string& name = path.native();
  if (name.empty() || name.size() >= sizeof address.sun_path) {
    return Error{ErrorCode::kInvalidArgument,
                 "the path of a socket has 1 to " + std::to_string(sizeof address.sun_path - 1) +
                     " bytes, not " + std::to_string(name.size()) + ": " + name};
  }
  std::memcpy(address.sun_path, name.data(), name.size());
  return address;
}

Result<UniqueFd> new_socket() {
  UniqueFd socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  if (!socket.valid()) return error_from_errno(errno, "making a socket");
  return socket;
}

// A packet counts with the kernel's own records in the buffer: twice its size is enough.
Status prepare(int socket) {
  const int bytes = 2 * static_cast<int>(kPacketBytesMax);
  if (::setsockopt(socket, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof bytes) != 0 &&
      ::setsockopt(socket, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes) != 0) {
    return error_from_errno(errno, "setting the size of a socket's buffer");
  }
  if (::setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &kSendPatience, sizeof kSendPatience) != 0) {
    return error_from_errno(errno, "setting a socket's time-out");
  }
  return {};
}

Error gone(const std::string& why) {
  return {ErrorCode::kUnavailable, "the other end of the control socket " + why};
}

union DescriptorSpace {
  cmsghdr align;
  std::array<char, CMSG_SPACE(sizeof(int))> bytes;
};

// More than one, or cut off: nothing of ours sends that.
Result<UniqueFd> descriptor_in(msghdr& message) {
  UniqueFd found;
  bool wrong = (message.msg_flags & MSG_CTRUNC) != 0;
  for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr;
       part = CMSG_NXTHDR(&message, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(part) + i * sizeof(int), sizeof fd);
      wrong = wrong || found.valid();
      found.reset(fd);
    }
  }
  if (wrong) return Error{ErrorCode::kInvalidArgument, "a packet has more than one descriptor"};
  return found;
}

}  // namespace

Result<UniqueFd> listen_on(const std::filesystem::path& path) {
  TRY(const sockaddr_un address, address_of(path));
  TRY(UniqueFd socket, new_socket());
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
    return error_from_errno(errno, "removing " + path.native());
  }
  // Nobody else may connect between bind and chmod: the mode counts from the start.
  if (::fchmod(socket.get(), 0600) != 0) return error_from_errno(errno, "a socket's mode");
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return error_from_errno(errno, "listening on " + path.native());
  }
  if (::listen(socket.get(), kWaitingMax) != 0) {
    return error_from_errno(errno, "listening on " + path.native());
  }
  return socket;
}

Result<UniqueFd> connect_to(const std::filesystem::path& path) {
  TRY(const sockaddr_un address, address_of(path));
  TRY(UniqueFd socket, new_socket());
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    if (errno == ECONNREFUSED) return gone("does not listen: " + path.native());
    return error_from_errno(errno, "connecting to " + path.native());
  }
  TRY_STATUS(prepare(socket.get()));
  return socket;
}

Result<uid_t> peer_user(int socket) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) {
    return error_from_errno(errno, "asking who is at the other end of a socket");
  }
  TRY_STATUS(prepare(socket));
  return peer.uid;
}

Status send_packet(int socket, std::string_view bytes, int descriptor) {
  if (bytes.empty() || bytes.size() > kPacketBytesMax) {
    return Error{ErrorCode::kInvalidArgument, "a packet of " + std::to_string(bytes.size()) +
                                                  " bytes; 1 to " +
                                                  std::to_string(kPacketBytesMax) + " can be sent"};
  }
  iovec part{const_cast<char*>(bytes.data()), bytes.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  DescriptorSpace space{};
  if (descriptor >= 0) {
    message.msg_control = space.bytes.data();
    message.msg_controllen = space.bytes.size();
    cmsghdr* head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(head), &descriptor, sizeof descriptor);
  }
  while (::sendmsg(socket, &message, MSG_NOSIGNAL) < 0) {
    if (errno == EINTR) continue;
    if (errno == EAGAIN || errno == EWOULDBLOCK) return gone("does not read");
    if (errno == EPIPE || errno == ECONNRESET || errno == ENOTCONN) return gone("is closed");
    return error_from_errno(errno, "sending on the control socket");
  }
  return {};
}

Result<Packet> receive_packet(int socket) {
  // Room for the longest, kept by each thread: most packets are some hundred bytes long.
  thread_local const auto buffer = std::make_unique_for_overwrite<char[]>(kPacketBytesMax + 1);
  Packet packet;
  iovec part{buffer.get(), kPacketBytesMax + 1};
  DescriptorSpace space{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = space.bytes.data();
  message.msg_controllen = space.bytes.size();
  ssize_t size = 0;
  while ((size = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC)) < 0) {
    if (errno == EINTR) continue;
    if (errno == ECONNRESET) return gone("is closed");
    return error_from_errno(errno, "receiving on the control socket");
  }
  TRY(packet.descriptor, descriptor_in(message));
  if (size == 0) return gone("is closed");
  if (static_cast<std::size_t>(size) > kPacketBytesMax) {
    return Error{ErrorCode::kInvalidArgument, "a packet on the control socket is too long"};
  }
  packet.bytes.assign(buffer.get(), static_cast<std::size_t>(size));
  return packet;
}

}  // namespace storage_control
