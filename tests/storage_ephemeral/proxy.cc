#include "proxy.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <array>
#include <cstring>
#include <string>

namespace storage_ephemeral {
namespace {

sockaddr_in to_sockaddr(const NodeAddress& address) {
  sockaddr_in result{};
  result.sin_family = AF_INET;
  result.sin_port = htons(address.port);
  ::inet_pton(AF_INET, address.host.c_str(), &result.sin_addr);
  return result;
}

base::UniqueFd connect(const NodeAddress& address) {
  base::UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_in to = to_sockaddr(address);
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&to), sizeof(to)) != 0) fd.reset();
  return fd;
}

bool send_all(int fd, const char* bytes, std::size_t size) {
  while (size > 0) {
    const ssize_t count = ::send(fd, bytes, size, MSG_NOSIGNAL);
    if (count <= 0) return false;
    bytes += count;
    size -= static_cast<std::size_t>(count);
  }
  return true;
}

}  // namespace

Proxy::Proxy(NodeAddress target)
    : target_(std::move(target)), listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in at = to_sockaddr({"127.0.0.1", 0});
  socklen_t size = sizeof(at);
  EXPECT_EQ(::bind(listener_.get(), reinterpret_cast<sockaddr*>(&at), size), 0);
  EXPECT_EQ(::listen(listener_.get(), 64), 0);
  ::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&at), &size);
  port_ = ntohs(at.sin_port);
  acceptor_ = std::thread([this] { accept_all(); });
}

Proxy::~Proxy() {
  stopping_ = true;
  ::shutdown(listener_.get(), SHUT_RDWR);
  acceptor_.join();
  cut();
  for (std::thread& thread : threads_) thread.join();
}

void Proxy::cut() {
  const std::lock_guard lock(mutex_);
  for (const auto& socket : sockets_) ::shutdown(socket->get(), SHUT_RDWR);
}

void Proxy::accept_all() {
  while (!stopping_) {
    auto in = std::make_shared<base::UniqueFd>(
        ::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!in->valid()) return;
    auto out = std::make_shared<base::UniqueFd>(connect(target_));
    if (!out->valid()) continue;
    const std::lock_guard lock(mutex_);
    sockets_.push_back(in);
    sockets_.push_back(out);
    threads_.emplace_back([this, in, out] { carry(in->get(), out->get(), false); });
    threads_.emplace_back([this, in, out] { carry(out->get(), in->get(), true); });
  }
}

void Proxy::carry(int from, int to, bool from_target) {
  std::array<char, 16 << 10> buffer{};
  while (true) {
    const ssize_t got = ::recv(from, buffer.data(), buffer.size(), 0);
    if (got <= 0) break;
    auto count = static_cast<std::uint64_t>(got);
    if (from_target) {
      const std::uint64_t damage = damage_;
      if (damage < count) {
        buffer[damage] = static_cast<char>(buffer[damage] ^ 1);
        damage_ = UINT64_MAX;
      } else if (damage != UINT64_MAX) {
        damage_ = damage - count;
      }
      const std::uint64_t budget = budget_;
      if (budget < count) {
        send_all(to, buffer.data(), budget);
        budget_ = UINT64_MAX;
        break;
      }
      if (budget != UINT64_MAX) budget_ = budget - count;
      bytes_ += count;
    }
    if (!send_all(to, buffer.data(), count)) break;
  }
  ::shutdown(from, SHUT_RDWR);
  ::shutdown(to, SHUT_RDWR);
}

RawPeer::RawPeer(const NodeAddress& address) : socket_(connect(address)) {
  EXPECT_TRUE(socket_.valid());
  const timeval wait{.tv_sec = 20, .tv_usec = 0};
  ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
}

void RawPeer::send(std::string_view bytes) { send_all(socket_.get(), bytes.data(), bytes.size()); }

std::string RawPeer::receive(std::size_t bytes) {
  std::string all(bytes, '\0');
  std::size_t have = 0;
  while (have < bytes) {
    const ssize_t got = ::recv(socket_.get(), all.data() + have, bytes - have, 0);
    if (got <= 0) break;
    have += static_cast<std::size_t>(got);
  }
  all.resize(have);
  return all;
}

std::string RawPeer::receive_frame() {
  const std::string head = receive(4);
  if (head.size() < 4) return {};
  std::uint32_t length = 0;
  std::memcpy(&length, head.data(), 4);
  return receive(length);
}

}  // namespace storage_ephemeral
