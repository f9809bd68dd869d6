#include "socket_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <cstdlib>

#include "base/check.h"

namespace {

constexpr timeval kReadTimeout{20, 0};

std::size_t content_length(std::string_view head) {
  const std::size_t at = head.find("Content-Length: ");
  return at == std::string_view::npos ? 0 : std::strtoul(head.data() + at + 16, nullptr, 10);
}

}  // namespace

SocketClient::SocketClient(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  CHECK(::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &kReadTimeout, sizeof kReadTimeout);
}

bool SocketClient::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

void SocketClient::half_close() { ::shutdown(fd_.get(), SHUT_WR); }

bool SocketClient::fill() {
  char bytes[65536];
  const ssize_t count = ::recv(fd_.get(), bytes, sizeof bytes, 0);
  if (count > 0) buffer_.append(bytes, static_cast<std::size_t>(count));
  return count > 0;
}

std::string SocketClient::read_answer() {
  std::size_t end = std::string::npos;
  while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
    if (!fill()) return std::exchange(buffer_, {});
  }
  const std::size_t size = end + 4 + content_length(std::string_view(buffer_).substr(0, end));
  while (buffer_.size() < size) {
    if (!fill()) return std::exchange(buffer_, {});
  }
  std::string answer = buffer_.substr(0, size);
  buffer_.erase(0, size);
  return answer;
}

std::string SocketClient::read_all() {
  while (fill()) {
  }
  return std::exchange(buffer_, {});
}

bool SocketClient::is_closed() {
  while (true) {
    char byte = 0;
    const ssize_t count = ::recv(fd_.get(), &byte, 1, 0);
    if (count == 0) return true;
    if (count < 0) return errno == ECONNRESET;
  }
}
