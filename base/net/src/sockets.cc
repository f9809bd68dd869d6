#include "base_net/sockets.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <string>

namespace base_net {
namespace {

struct SocketAddress {
  sockaddr_storage bytes{};
  socklen_t size = 0;
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&bytes); }
};

base::Result<SocketAddress> parse(const Address& address) {
  SocketAddress result;
  auto& v4 = reinterpret_cast<sockaddr_in&>(result.bytes);
  auto& v6 = reinterpret_cast<sockaddr_in6&>(result.bytes);
  if (::inet_pton(AF_INET, address.host.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(address.port);
    result.size = sizeof(v4);
  } else if (::inet_pton(AF_INET6, address.host.c_str(), &v6.sin6_addr) == 1) {
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(address.port);
    result.size = sizeof(v6);
  } else {
    return base::Error{base::ErrorCode::kInvalidArgument,
                       "\"" + address.host + "\" is no numeric address"};
  }
  return result;
}

base::Result<base::UniqueFd> new_socket(const SocketAddress& address) {
  base::UniqueFd fd(
      ::socket(address.get()->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) return base::error_from_errno(errno, "socket");
  return fd;
}

}  // namespace

void use_without_delay(const base::UniqueFd& socket) {
  const int on = 1;
  ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

base::Result<base::UniqueFd> connect_to(const Address& address) {
  TRY(const SocketAddress to, parse(address));
  TRY(base::UniqueFd fd, new_socket(to));
  use_without_delay(fd);
  if (::connect(fd.get(), to.get(), to.size) != 0 && errno != EINPROGRESS) {
    return base::error_from_errno(errno, "connect to " + address.host);
  }
  return fd;
}

base::Result<base::UniqueFd> listen_at(const Address& address) {
  constexpr int kBacklog = 256;
  TRY(const SocketAddress at, parse(address));
  TRY(base::UniqueFd fd, new_socket(at));
  const int on = 1;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (::bind(fd.get(), at.get(), at.size) != 0 || ::listen(fd.get(), kBacklog) != 0) {
    return base::Error{base::ErrorCode::kUnavailable,
                       base::error_from_errno(errno, "listening at " + address.host).message};
  }
  return fd;
}

base::Result<std::uint16_t> port_of(const base::UniqueFd& socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  if (::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    return base::error_from_errno(errno, "getsockname");
  }
  return ntohs(address.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6&>(address).sin6_port
                                             : reinterpret_cast<sockaddr_in&>(address).sin_port);
}

}  // namespace base_net
