#include "controller_sim/marks.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <fstream>

#include "base/text.h"

namespace controller_sim {
namespace {

constexpr std::size_t kLineMax = 128;

sockaddr* as_sockaddr(sockaddr_in& address) { return reinterpret_cast<sockaddr*>(&address); }

}  // namespace

Marks read_marks(const std::string& path) {
  Marks marks;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    const std::string id(base::trimmed(line));
    if (!id.empty()) ++marks[id];
  }
  return marks;
}

base::Result<std::unique_ptr<MarkListener>> MarkListener::listen(const std::string& address,
                                                                 std::uint16_t port) {
  sockaddr_in place{};
  place.sin_family = AF_INET;
  place.sin_port = htons(port);
  if (inet_pton(AF_INET, address.c_str(), &place.sin_addr) != 1) {
    return base::Error{base::ErrorCode::kInvalidArgument,
                       base::quoted(address) + " is no IPv4 address"};
  }
  base::UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int yes = 1;
  setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  socklen_t size = sizeof place;
  const bool bound = fd.get() >= 0 && bind(fd.get(), as_sockaddr(place), size) == 0 &&
                     ::listen(fd.get(), SOMAXCONN) == 0 &&
                     getsockname(fd.get(), as_sockaddr(place), &size) == 0;
  if (!bound) return base::error_from_errno(errno, "listening for marks at " + address);
  return std::unique_ptr<MarkListener>(new MarkListener(std::move(fd), ntohs(place.sin_port)));
}

MarkListener::MarkListener(base::UniqueFd socket, std::uint16_t port)
    : socket_(std::move(socket)),
      port_(port),
      thread_([this](const std::stop_token& stop) { serve(stop); }) {}

void MarkListener::serve(const std::stop_token& stop) {
  constexpr int kLookEveryMs = 50;
  while (!stop.stop_requested()) {
    pollfd wanted{socket_.get(), POLLIN, 0};
    if (poll(&wanted, 1, kLookEveryMs) <= 0) continue;
    const base::UniqueFd connection(accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (connection.get() >= 0) take_line(connection.get());
  }
}

void MarkListener::take_line(int connection) {
  const timeval patience{2, 0};
  setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  std::string line;
  std::array<char, kLineMax> bytes{};
  while (line.find('\n') == std::string::npos && line.size() < kLineMax) {
    const ssize_t got = recv(connection, bytes.data(), bytes.size(), 0);
    if (got <= 0) return;
    line.append(bytes.data(), static_cast<std::size_t>(got));
  }
  {
    const std::scoped_lock lock(mutex_);
    ++marks_[line.substr(0, line.find('\n'))];
  }
  static_cast<void>(send(connection, "+", 1, MSG_NOSIGNAL));
}

Marks MarkListener::marks() const {
  const std::scoped_lock lock(mutex_);
  return marks_;
}

}  // namespace controller_sim
