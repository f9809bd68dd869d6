#include "proxy.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/json.h"
#include "log_writer.h"

namespace proxy {
namespace {

constexpr std::size_t kReadBytes = 256 << 10;
constexpr int kSendPatienceMs = 60'000;
constexpr std::size_t kConnectionsMax = 512;

Answer refusal(int status, std::string_view sentence) { return {status, error_body(sentence)}; }

}  // namespace

std::string error_body(std::string_view sentence) {
  return base::Json::object({{"error", sentence}}).to_string();
}

bool is_object_or_array(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return false;
  const char last = text[text.find_last_not_of(" \t\r\n")];
  return (text[first] == '{' && last == '}') || (text[first] == '[' && last == ']');
}

Proxy::Proxy(int listener, std::unique_ptr<Worker> worker)
    : listener_(listener), worker_(std::move(worker)) {}

void Proxy::serve() {
  while (!dead_) {
    const auto idle = worker_->idle_fds();
    std::vector<pollfd> events{{listener_, POLLIN, 0}, {idle[0], POLLIN, 0}, {idle[1], POLLIN, 0}};
    const std::size_t fixed = events.size();
    for (const auto& connection : connections_) events.push_back({connection->fd.get(), POLLIN, 0});
    if (poll(events.data(), events.size(), -1) < 0) continue;
    const std::size_t polled = connections_.size();
    for (std::size_t i = 0; i < polled && !dead_; ++i) {
      if (events[i + fixed].revents != 0) connections_[i]->closing = !read_from(*connections_[i]);
    }
    std::erase_if(connections_, [](const auto& connection) { return connection->closing; });
    if ((events[1].revents | events[2].revents) != 0 && !worker_->tend()) return;
    if (events[0].revents != 0) accept_all();
  }
}

void Proxy::accept_all() {
  while (connections_.size() < kConnectionsMax) {
    const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) return;
    auto connection = std::make_unique<Connection>();
    connection->fd.reset(fd);
    if (read_from(*connection)) connections_.push_back(std::move(connection));
  }
}

// False when the connection is over.
bool Proxy::read_from(Connection& connection) {
  static char buffer[kReadBytes];
  while (!dead_) {
    const ssize_t length = read(connection.fd.get(), buffer, sizeof buffer);
    if (length < 0 && errno == EINTR) continue;
    if (length < 0 && errno == EAGAIN) return true;
    if (length <= 0) return false;
    if (!connection.parser.feed({buffer, static_cast<std::size_t>(length)})) {
      send(connection, refusal(connection.parser.refusal(), "This is no request."), false);
      return false;
    }
    if (!answer_requests(connection)) return false;
  }
  return false;
}

bool Proxy::answer_requests(Connection& connection) {
  while (auto request = connection.parser.take()) {
    const bool keep_alive = request->keep_alive;
    const Answer answer = handle(std::move(*request));
    dead_ = dead_ || answer.dead;
    if (dead_ || !send(connection, answer, keep_alive) || !keep_alive) return false;
  }
  return true;
}

Answer Proxy::handle(Request request) {
  if (request.path != "/init" && request.path != "/run")
    return refusal(404, "There is no such path.");
  if (request.method != "POST") return refusal(405, "Only POST is served here.");
  if (request.path == "/run") return run(std::move(request.body));
  if (initialized_) return refusal(403, "Cannot initialize the action more than once.");
  Answer answer = initialize(request.body);
  if (answer.status == 200) {
    initialized_ = true;
  } else if (!answer.dead) {
    write_sentinels();
  }
  return answer;
}

Answer Proxy::initialize(const std::string& body) {
  auto request = parse_init(body);
  if (!request.ok()) return refusal(400, request.error().message);
  if (request->code.empty()) return refusal(403, "Missing main/no code to execute.");
  return worker_->initialize(std::move(*request));
}

Answer Proxy::run(std::string body) {
  if (!initialized_) return refusal(500, "no action defined yet");
  std::erase_if(body, [](char letter) { return letter == '\n' || letter == '\r'; });
  body += '\n';
  Answer answer = worker_->run(std::move(body));
  if (!answer.dead) write_sentinels();
  return answer;
}

bool Proxy::send(const Connection& connection, const Answer& answer, bool keep_alive) {
  const std::string head = format_head(answer.status, answer.body.size(), keep_alive);
  std::string_view parts[] = {head, answer.body};
  while (!parts[0].empty() || !parts[1].empty()) {
    iovec vectors[2];
    for (int i = 0; i < 2; ++i) vectors[i] = {const_cast<char*>(parts[i].data()), parts[i].size()};
    msghdr message{};
    message.msg_iov = vectors;
    message.msg_iovlen = 2;
    const ssize_t sent = sendmsg(connection.fd.get(), &message, MSG_NOSIGNAL);
    if (sent < 0 && errno == EAGAIN) {
      pollfd room{connection.fd.get(), POLLOUT, 0};
      if (poll(&room, 1, kSendPatienceMs) == 0) return false;
      continue;
    }
    if (sent < 0 && errno != EINTR) return false;
    auto left = static_cast<std::size_t>(std::max<ssize_t>(sent, 0));
    for (std::string_view& part : parts) {
      const std::size_t used = std::min(left, part.size());
      part.remove_prefix(used);
      left -= used;
    }
  }
  return true;
}

}  // namespace proxy
