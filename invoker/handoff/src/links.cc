#include "links.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

namespace invoker_handoff {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kPauseMin{50};
constexpr milliseconds kPauseMax{2'000};
// A peer that is unplugged says nothing: the kernel finds that out.
constexpr int kUserTimeoutMs = 3'000;
constexpr int kKeepIdleSeconds = 1, kKeepIntervalSeconds = 1, kKeepCount = 3;
constexpr std::size_t kStrangersMax = 256;

std::string name_of_invoker(int number) { return "invoker" + std::to_string(number); }

std::optional<int> number_of(std::string_view name) {
  constexpr std::string_view kPrefix = "invoker";
  if (!name.starts_with(kPrefix)) return std::nullopt;
  name.remove_prefix(kPrefix.size());
  int number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error != std::errc() || end != name.data() + name.size() || number < 0) return std::nullopt;
  return number;
}

void prepare(const base::UniqueFd& socket) {
  const auto set = [&](int level, int option, int value) {
    ::setsockopt(socket.get(), level, option, &value, sizeof(value));
  };
  base_net::use_without_delay(socket);
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, kKeepIdleSeconds);
  set(IPPROTO_TCP, TCP_KEEPINTVL, kKeepIntervalSeconds);
  set(IPPROTO_TCP, TCP_KEEPCNT, kKeepCount);
  set(IPPROTO_TCP, TCP_USER_TIMEOUT, kUserTimeoutMs);
}

}  // namespace

class Links::Link final : public base_net::ConnectionUser,
                          public std::enable_shared_from_this<Link> {
 public:
  // `expected`: whom this side calls; nothing: somebody called.
  Link(Links& links, std::optional<int> expected) : links_(links), number_(expected) {}

  void start(base::UniqueFd socket) {
    prepare(socket);
    base_net::ConnectionSettings settings;
    settings.protocol = protocol();
    settings.side = number_ ? base_net::Side::kCaller : base_net::Side::kAnswerer;
    settings.self = links_.config_.instance.source();
    if (number_) settings.peer = name_of_invoker(*number_);
    connection_ = std::make_shared<base_net::Connection>(links_.loop_, std::move(socket),
                                                         links_.identity_, settings, *this);
    connection_->start();
  }

  void ready(const std::string& peer) override {
    const auto number = number_of(peer);
    // Of two, one calls; so there are never two connections in their places.
    if (!number || *number == links_.config_.instance.id || (!number_ && links_.calls(*number))) {
      return connection_->fail(peer + " must not call here");
    }
    number_ = number;
    connection_->send(encode(Greet{links_.config_.incarnation}));
  }

  base::Status take_frame(std::string_view frame) override {
    TRY(Message message, decode(frame));
    const auto keep = shared_from_this();
    if (greeted_) {
      if (std::holds_alternative<Greet>(message)) {
        return base::Error{base::ErrorCode::kInvalidArgument, "it greets twice"};
      }
      links_.user_.heard(*number_, std::move(message));
      return {};
    }
    const auto* greet = std::get_if<Greet>(&message);
    if (greet == nullptr) {
      return base::Error{base::ErrorCode::kInvalidArgument, "it does not greet"};
    }
    greeted_ = true;
    links_.greeted(keep, greet->incarnation);
    return {};
  }

  void drained() override {}
  void closed(const std::string& why) override { links_.ended(shared_from_this(), why); }

  void send(const Message& message) { connection_->send(encode(message)); }
  // Without a word.
  void close() { connection_->close(); }
  std::optional<int> number() const { return number_; }
  bool greeted() const { return greeted_; }

 private:
  Links& links_;
  std::optional<int> number_;
  std::shared_ptr<base_net::Connection> connection_;
  bool greeted_ = false;
};

Links::Links(base_net::EventLoop& loop, const HandoffConfig& config,
             std::shared_ptr<const base_net::Identity> identity, base::Logger log, User& user)
    : loop_(loop),
      config_(config),
      identity_(std::move(identity)),
      log_(std::move(log)),
      user_(user) {}

Links::~Links() = default;

void Links::listen(base::UniqueFd socket) {
  listener_ = std::move(socket);
  loop_.watch(listener_.get(), EPOLLIN, [this](std::uint32_t) { accept(); });
}

void Links::accept() {
  while (true) {
    base::UniqueFd socket(
        ::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!socket.valid()) return;
    if (strangers_.size() >= kStrangersMax) {
      ++refused_;
      continue;
    }
    const auto link = std::make_shared<Link>(*this, std::nullopt);
    strangers_.emplace(link.get(), link);
    link->start(std::move(socket));
  }
}

void Links::set_peers(const std::vector<PeerAddress>& peers) {
  for (auto& [number, peer] : peers_) peer.known = false;
  for (const PeerAddress& one : peers) {
    if (one.invoker == config_.instance.id) continue;
    Peer& peer = peers_[one.invoker];
    peer.known = true;
    const bool moved = peer.address != one.address;
    peer.address = one.address;
    if (!calls(one.invoker) || peer.link || (peer.calling && !moved)) continue;
    if (peer.calling) {
      peer.calling->close();
      peer.calling.reset();
    }
    loop_.cancel(peer.retry);
    peer.pause = {};
    call(one.invoker);
  }
}

void Links::call(int number) {
  Peer& peer = peers_.at(number);
  if (!peer.known || peer.link || peer.calling) return;
  auto socket = base_net::connect_to(peer.address);
  if (!socket.ok()) {
    peer.trouble = socket.error().message;
    return call_later(number);
  }
  peer.calling = std::make_shared<Link>(*this, number);
  peer.calling->start(std::move(*socket));
}

void Links::call_later(int number) {
  Peer& peer = peers_.at(number);
  peer.pause = std::clamp(2 * peer.pause, kPauseMin, kPauseMax);
  peer.retry = loop_.after(peer.pause, [this, number] { call(number); });
}

// A new connection takes the place of one whose end nobody has noticed yet.
void Links::greeted(const std::shared_ptr<Link>& link, std::uint64_t incarnation) {
  const int number = *link->number();
  strangers_.erase(link.get());
  Peer& peer = peers_[number];
  if (peer.calling == link) peer.calling.reset();
  if (peer.link) {
    peer.link->close();
    peer.link.reset();
    user_.peer_down(number);
  }
  peer.link = link;
  peer.pause = {};
  peer.trouble.clear();
  log_.info("Handoff", "connected with " + name_of_invoker(number));
  user_.peer_up(number, incarnation);
}

void Links::ended(const std::shared_ptr<Link>& link, const std::string& why) {
  if (strangers_.erase(link.get()) > 0) {
    ++refused_;
    log_.warn("Handoff", "somebody who called was not let in: " + why);
    return;
  }
  if (!link->number()) return;
  const int number = *link->number();
  const auto found = peers_.find(number);
  if (found == peers_.end()) return;
  Peer& peer = found->second;
  if (peer.link == link) {
    ++broken_;
    peer.link.reset();
    log_.warn("Handoff", "the connection with " + name_of_invoker(number) + " broke: " + why);
    user_.peer_down(number);
  } else if (peer.calling == link) {
    peer.calling.reset();
    if (peer.trouble != why) {
      log_.warn("Handoff", name_of_invoker(number) + " cannot be reached: " + why);
    }
  } else {
    return;
  }
  peer.trouble = why;
  if (calls(number) && peer.known) call_later(number);
}

void Links::send(int number, const Message& message) {
  const auto peer = peers_.find(number);
  if (peer == peers_.end() || !peer->second.link) return;
  const auto link = peer->second.link;
  link->send(message);
}

bool Links::is_up(int number) const {
  const auto peer = peers_.find(number);
  return peer != peers_.end() && peer->second.link;
}

std::vector<PeerState> Links::peers() const {
  std::vector<PeerState> states;
  for (const auto& [number, peer] : peers_) {
    if (peer.known || peer.link) {
      states.push_back({number, peer.link != nullptr, false, peer.trouble});
    }
  }
  return states;
}

void Links::stop() {
  if (listener_.valid()) loop_.forget(listener_.get());
  for (const auto& [key, link] : strangers_) link->close();
  for (auto& [number, peer] : peers_) {
    loop_.cancel(peer.retry);
    if (peer.calling) peer.calling->close();
    if (peer.link) peer.link->close();
  }
  strangers_.clear();
  peers_.clear();
}

}  // namespace invoker_handoff
