#include "testing/action_server.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <charconv>
#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <optional>
#include <set>
#include <utility>

#include "base/check.h"

namespace testing_support {
namespace {

std::string lower(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return result;
}

// Reads into `buffer` until it holds `count` bytes, or a blank line where there is no count.
bool fill(int fd, std::string& buffer, std::optional<std::size_t> count) {
  char bytes[16 * 1024];
  while (count ? buffer.size() < *count : buffer.find("\r\n\r\n") == buffer.npos) {
    const ssize_t got = ::recv(fd, bytes, sizeof bytes, 0);
    if (got <= 0) return false;
    buffer.append(bytes, static_cast<std::size_t>(got));
  }
  return true;
}

void parse_head(std::string_view head, HttpRequest& request) {
  const auto end = head.find("\r\n");
  request.line = head.substr(0, end);
  while (head.find("\r\n") != head.npos) {
    head.remove_prefix(head.find("\r\n") + 2);
    const std::string_view line = head.substr(0, head.find("\r\n"));
    if (const auto colon = line.find(": "); colon != line.npos)
      request.headers[lower(line.substr(0, colon))] = line.substr(colon + 2);
  }
}

bool read_request(int fd, std::string& buffer, HttpRequest& request) {
  if (!fill(fd, buffer, std::nullopt)) return false;
  const auto head = buffer.find("\r\n\r\n");
  parse_head(std::string_view(buffer).substr(0, head), request);
  std::size_t length = 0;
  const std::string& text = request.headers["content-length"];
  std::from_chars(text.data(), text.data() + text.size(), length);
  if (!fill(fd, buffer, head + 4 + length)) return false;
  request.body = buffer.substr(head + 4, length);
  buffer.erase(0, head + 4 + length);
  return true;
}

}  // namespace

struct ActionServer::Shared {
  std::mutex mutex;  // guards everything below
  std::condition_variable changed;
  std::vector<HttpRequest> requests;
  std::set<int> open;
  std::vector<std::thread> threads;
  int accepted = 0;
  int closed = 0;
  bool stopping = false;
};

ActionServer::ActionServer(Answer answer, Transport transport)
    : answer_(std::move(answer)), shared_(std::make_shared<Shared>()) {
  if (transport == Transport::kUnix) {
    socket_path_ = folder_.emplace().path() / "socket";
    listen_unix();
  } else {
    listen_tcp();
  }
  acceptor_ = std::thread([this] { accept_all(); });
}

ActionServer::ActionServer(Answer answer, std::string socket_path)
    : answer_(std::move(answer)),
      socket_path_(std::move(socket_path)),
      shared_(std::make_shared<Shared>()) {
  listen_unix();
  acceptor_ = std::thread([this] { accept_all(); });
}

ActionServer::~ActionServer() {
  ::shutdown(listener_.get(), SHUT_RDWR);
  acceptor_.join();
  std::vector<std::thread> threads;
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->stopping = true;
    for (const int fd : shared_->open) ::shutdown(fd, SHUT_RDWR);
    threads.swap(shared_->threads);
  }
  for (std::thread& thread : threads) thread.join();
}

void ActionServer::listen_unix() {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  CHECK(socket_path_.size() < sizeof address.sun_path);
  std::ranges::copy(socket_path_, address.sun_path);
  listener_.reset(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const auto* const generic = reinterpret_cast<const sockaddr*>(&address);
  CHECK(::bind(listener_.get(), generic, sizeof address) == 0);
  CHECK(::listen(listener_.get(), SOMAXCONN) == 0);
}

void ActionServer::listen_tcp() {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  listener_.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  CHECK(::bind(listener_.get(), generic, size) == 0);
  CHECK(::listen(listener_.get(), SOMAXCONN) == 0);
  CHECK(::getsockname(listener_.get(), generic, &size) == 0);
  port_ = ntohs(address.sin_port);
}

void ActionServer::accept_all() {
  while (true) {
    base::UniqueFd fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!fd.valid()) return;
    const std::lock_guard lock(shared_->mutex);
    shared_->open.insert(fd.get());
    const int connection = ++shared_->accepted;
    shared_->threads.emplace_back(
        [this, connection, fd = std::move(fd)]() mutable { serve(std::move(fd), connection); });
  }
}

void ActionServer::serve(base::UniqueFd fd, int connection) {
  std::string buffer;
  while (true) {
    HttpRequest request;
    request.connection = connection;
    if (!read_request(fd.get(), buffer, request)) break;
    {
      const std::lock_guard lock(shared_->mutex);
      shared_->requests.push_back(request);
    }
    if (!answer_(request, fd.get())) break;
  }
  const std::lock_guard lock(shared_->mutex);
  shared_->open.erase(fd.get());
  fd.reset();
  ++shared_->closed;
  shared_->changed.notify_all();
}

std::vector<HttpRequest> ActionServer::requests() const {
  const std::lock_guard lock(shared_->mutex);
  return shared_->requests;
}

int ActionServer::connections() const {
  const std::lock_guard lock(shared_->mutex);
  return shared_->accepted;
}

void ActionServer::wait_for_closed(int count) const {
  std::unique_lock lock(shared_->mutex);
  shared_->changed.wait(lock, [&] { return shared_->closed >= count; });
}

bool send_text(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t sent = ::send(fd, text.data(), text.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

void wait_for_hang_up(int fd) {
  char byte = 0;
  while (::recv(fd, &byte, 1, 0) > 0) continue;
}

std::string http_answer(int status, std::string_view body) {
  std::string text = "HTTP/1.1 " + std::to_string(status) + " Some Reason\r\n";
  text += "Content-Type: application/json\r\nContent-Length: " + std::to_string(body.size());
  return text.append("\r\n\r\n").append(body);
}

}  // namespace testing_support
