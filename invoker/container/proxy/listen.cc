#include "listen.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <charconv>
#include <cstdint>

namespace proxy {
namespace {

constexpr int kBacklog = 256;

base::Result<base::UniqueFd> listen_at(const sockaddr* address, socklen_t length) {
  base::UniqueFd socket(
      ::socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket.valid()) return base::error_from_errno(errno, "making a socket");
  const int on = 1;
  setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const int off = 0;
  setsockopt(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);  // no matter for IPv4
  if (bind(socket.get(), address, length) < 0 || listen(socket.get(), kBacklog) < 0) {
    return base::error_from_errno(errno, "listening");
  }
  return socket;
}

}  // namespace

base::Result<base::UniqueFd> listen_on_port(const std::string& port) {
  std::uint16_t number = 0;
  const char* const end = port.data() + port.size();
  const auto parsed = std::from_chars(port.data(), end, number);
  if (parsed.ec != std::errc() || parsed.ptr != end) {
    return base::Error{base::ErrorCode::kInvalidArgument, "'" + port + "' is no port"};
  }
  sockaddr_in6 any{};  // all zero: every address
  any.sin6_family = AF_INET6;
  any.sin6_port = htons(number);
  auto both = listen_at(reinterpret_cast<const sockaddr*>(&any), sizeof any);
  if (both.ok()) return both;
  sockaddr_in only{};
  only.sin_family = AF_INET;
  only.sin_port = htons(number);
  return listen_at(reinterpret_cast<const sockaddr*>(&only), sizeof only);
}

}  // namespace proxy
