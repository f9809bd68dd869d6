#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>

#include "base/unique_fd.h"
#include "gpu_wire/transport.h"
#include "hang_up.h"

namespace gpu_wire {
namespace {

base::Error gone(int errno_value) {
  base::Error error = base::error_from_errno(errno_value, "the connection");
  error.code = base::ErrorCode::kUnavailable;
  return error;
}

iovec of(std::span<const std::byte> bytes) {
  // sendmsg does not write, but its structure serves recvmsg too.
  return {.iov_base = const_cast<std::byte*>(bytes.data()), .iov_len = bytes.size()};
}

class SocketTransport final : public Transport {
 public:
  explicit SocketTransport(int fd) : fd_(fd) {}

  base::Status send(std::span<const std::byte> first, std::span<const std::byte> second) override {
    while (!first.empty() || !second.empty()) {
      std::array<iovec, 2> parts{of(first), of(second)};
      msghdr message{};
      message.msg_iov = parts.data();
      message.msg_iovlen = parts.size();
      const ssize_t sent = ::sendmsg(fd_.get(), &message, MSG_NOSIGNAL);
      if (sent < 0 && errno == EINTR) continue;
      if (sent < 0) return gone(errno);
      const auto count = static_cast<std::size_t>(sent), of_first = std::min(count, first.size());
      first = first.subspan(of_first);
      second = second.subspan(count - of_first);
    }
    return {};
  }

  base::Result<std::size_t> receive(std::span<std::byte> to) override {
    while (true) {
      const ssize_t count = ::recv(fd_.get(), to.data(), to.size(), 0);
      if (count > 0) return static_cast<std::size_t>(count);
      if (count == 0) return base::Error{base::ErrorCode::kUnavailable, "the peer has closed"};
      if (errno != EINTR) return gone(errno);
    }
  }

  bool readable(std::chrono::milliseconds time) override {
    pollfd socket{.fd = fd_.get(), .events = POLLIN, .revents = 0};
    return ::poll(&socket, 1, static_cast<int>(time.count())) > 0;
  }

  void wait_gone() override { gpu_wire::wait_gone(fd_.get()); }

  void close() override { ::shutdown(fd_.get(), SHUT_RDWR); }

 private:
  const base::UniqueFd fd_;
};

}  // namespace

void wait_gone(int fd) {
  pollfd socket{.fd = fd, .events = POLLRDHUP, .revents = 0};
  while (::poll(&socket, 1, -1) < 0 && errno == EINTR) {
  }
}

std::unique_ptr<Transport> make_socket_transport(int fd) {
  return std::make_unique<SocketTransport>(fd);
}

}  // namespace gpu_wire
