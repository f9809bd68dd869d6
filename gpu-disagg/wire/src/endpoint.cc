#include "gpu_wire/endpoint.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstring>
#include <thread>

#include "base/clock.h"
#include "gpu_wire/frame.h"
#include "ring_transport.h"

namespace gpu_wire {
namespace {

using std::chrono::milliseconds;
using Time = std::chrono::steady_clock;

constexpr milliseconds kRetryAfter{10};
constexpr int kBacklog = 128;
constexpr int kKeepaliveIdleS = 60, kKeepaliveEveryS = 15, kKeepaliveCount = 3;

base::Error wrong(std::string_view text) {
  return {base::ErrorCode::kInvalidArgument,
          "\"" + std::string(text) + "\" is no endpoint: unix:/path, ring:/path or tcp:host:port"};
}

base::Result<Endpoint> parse_tcp(std::string_view text, std::string_view place) {
  const auto colon = place.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return wrong(text);
  Endpoint endpoint{.kind = Endpoint::Kind::kTcp, .place = std::string(place.substr(0, colon))};
  const std::string_view port = place.substr(colon + 1);
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), endpoint.port);
  if (error != std::errc{} || end != port.data() + port.size()) return wrong(text);
  if (endpoint.place.starts_with('[') && endpoint.place.ends_with(']'))
    endpoint.place = endpoint.place.substr(1, endpoint.place.size() - 2);
  return endpoint;
}

base::Result<sockaddr_un> unix_address(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path)
    return base::Error{base::ErrorCode::kInvalidArgument, path + " is too long for a unix socket"};
  std::memcpy(&address.sun_path, path.data(), path.size());
  return address;
}

struct Addresses {
  Addresses() = default;
  Addresses(const Addresses&) = delete;
  Addresses& operator=(const Addresses&) = delete;
  ~Addresses() {
    if (first != nullptr) ::freeaddrinfo(first);
  }
  addrinfo* first = nullptr;
};

base::Status look_up(const Endpoint& endpoint, int flags, Addresses& found) {
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  wanted.ai_flags = flags;
  const std::string port = std::to_string(endpoint.port);
  const int error = ::getaddrinfo(endpoint.place.c_str(), port.c_str(), &wanted, &found.first);
  if (error == 0) return {};
  return base::Error{base::ErrorCode::kUnavailable, endpoint.place + ": " + ::gai_strerror(error)};
}

void set(int fd, int level, int option, int value) {
  ::setsockopt(fd, level, option, &value, sizeof value);
}

void prepare_tcp(int fd) {
  set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  set(fd, IPPROTO_TCP, TCP_KEEPIDLE, kKeepaliveIdleS);
  set(fd, IPPROTO_TCP, TCP_KEEPINTVL, kKeepaliveEveryS);
  set(fd, IPPROTO_TCP, TCP_KEEPCNT, kKeepaliveCount);
  // Bytes that nobody acknowledges end the connection as soon as silence does.
  set(fd, IPPROTO_TCP, TCP_USER_TIMEOUT,
      (kKeepaliveIdleS + kKeepaliveEveryS * kKeepaliveCount) * 1000);
}

base::Result<base::UniqueFd> connect_once(const sockaddr* address, socklen_t bytes,
                                          Time::time_point end) {
  base::UniqueFd fd(::socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) return base::error_from_errno(errno, "a socket");
  int error = ::connect(fd.get(), address, bytes) == 0 ? 0 : errno;
  if (error == EINPROGRESS) {
    const auto left = std::chrono::duration_cast<milliseconds>(end - Time::now()).count();
    pollfd socket{.fd = fd.get(), .events = POLLOUT, .revents = 0};
    error = ETIMEDOUT;
    socklen_t size = sizeof error;
    if (left > 0 && ::poll(&socket, 1, static_cast<int>(left)) > 0)
      ::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  }
  if (error != 0) return base::error_from_errno(error, "connecting");
  const int flags = ::fcntl(fd.get(), F_GETFL);
  ::fcntl(fd.get(), F_SETFL, flags & ~O_NONBLOCK);
  return fd;
}

base::Result<base::UniqueFd> connect_any(const Endpoint& endpoint, Time::time_point end) {
  if (endpoint.kind != Endpoint::Kind::kTcp) {
    TRY(const sockaddr_un address, unix_address(endpoint.place));
    return connect_once(reinterpret_cast<const sockaddr*>(&address), sizeof address, end);
  }
  Addresses found;
  TRY_STATUS(look_up(endpoint, 0, found));
  base::Result<base::UniqueFd> last =
      base::Error{base::ErrorCode::kUnavailable, endpoint.place + " has no address"};
  for (const addrinfo* each = found.first; each != nullptr && !last.ok(); each = each->ai_next)
    last = connect_once(each->ai_addr, each->ai_addrlen, end);
  if (last.ok()) prepare_tcp(last->get());
  return last;
}

base::Result<base::UniqueFd> bind_and_listen(int family, const sockaddr* address, socklen_t bytes) {
  base::UniqueFd fd(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return base::error_from_errno(errno, "a socket");
  if (family != AF_UNIX) set(fd.get(), SOL_SOCKET, SO_REUSEADDR, 1);
  if (::bind(fd.get(), address, bytes) != 0) return base::error_from_errno(errno, "binding");
  if (::listen(fd.get(), kBacklog) != 0) return base::error_from_errno(errno, "listening");
  return fd;
}

bool asks_for_rings(int fd) {
  std::array<std::byte, FrameHeader::kBytes> head{};
  // One write of a unix socket arrives whole: less than a header is something else.
  if (::recv(fd, head.data(), head.size(), MSG_PEEK | MSG_DONTWAIT) != ssize_t{head.size()})
    return false;
  const FrameHeader frame = FrameHeader::decode(head);
  return frame.opcode == kUseRings && frame.length == 0;
}

bool is_unix(int fd) {
  int domain = 0;
  socklen_t size = sizeof domain;
  return ::getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain == AF_UNIX;
}

}  // namespace

base::Result<Endpoint> parse_endpoint(std::string_view text) {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos) return wrong(text);
  const std::string_view kind = text.substr(0, colon), place = text.substr(colon + 1);
  if (kind == "tcp") return parse_tcp(text, place);
  if (!place.starts_with('/')) return wrong(text);
  if (kind == "unix") return Endpoint{.kind = Endpoint::Kind::kUnix, .place = std::string(place)};
  if (kind == "ring") return Endpoint{.kind = Endpoint::Kind::kRing, .place = std::string(place)};
  return wrong(text);
}

base::Result<std::unique_ptr<Transport>> connect(const Endpoint& endpoint, milliseconds time) {
  const auto end = Time::now() + time;
  auto socket = connect_any(endpoint, end);
  while (!socket.ok() && socket.error().code != base::ErrorCode::kInvalidArgument &&
         Time::now() + kRetryAfter < end) {
    std::this_thread::sleep_for(kRetryAfter);
    socket = connect_any(endpoint, end);
  }
  if (!socket.ok()) {
    base::Error error = std::move(socket).error();
    if (error.code != base::ErrorCode::kInvalidArgument) error.code = base::ErrorCode::kUnavailable;
    error.message = endpoint.place + ": " + error.message;
    return error;
  }
  if (endpoint.kind == Endpoint::Kind::kRing) return ask_for_rings(std::move(*socket), time);
  return make_socket_transport(socket->release());
}

base::Result<base::UniqueFd> listen(const Endpoint& endpoint) {
  if (endpoint.kind != Endpoint::Kind::kTcp) {
    TRY(const sockaddr_un address, unix_address(endpoint.place));
    return bind_and_listen(AF_UNIX, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  }
  Addresses found;
  TRY_STATUS(look_up(endpoint, AI_PASSIVE, found));
  return bind_and_listen(found.first->ai_family, found.first->ai_addr, found.first->ai_addrlen);
}

base::Result<std::uint16_t> port_of(int listening_fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getsockname(listening_fd, reinterpret_cast<sockaddr*>(&address), &size) != 0)
    return base::error_from_errno(errno, "the port of a socket");
  // The port is at one place in both families.
  return ntohs(reinterpret_cast<const sockaddr_in*>(&address)->sin_port);
}

base::Result<std::unique_ptr<Transport>> welcome_transport(int accepted_fd, milliseconds time) {
  base::UniqueFd socket(accepted_fd);
  if (!is_unix(socket.get())) {
    prepare_tcp(socket.get());
    return make_socket_transport(socket.release());
  }
  pollfd ready{.fd = socket.get(), .events = POLLIN, .revents = 0};
  if (::poll(&ready, 1, static_cast<int>(time.count())) <= 0)
    return base::Error{base::ErrorCode::kDeadlineExceeded, "a client that says nothing"};
  if (!asks_for_rings(socket.get())) return make_socket_transport(socket.release());
  std::array<std::byte, FrameHeader::kBytes> head{};
  if (::recv(socket.get(), head.data(), head.size(), 0) < 0)
    return base::error_from_errno(errno, "reading from a client");
  return pass_rings(std::move(socket));
}

}  // namespace gpu_wire
