#include "storage_control/server.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "storage_control/packet.h"

namespace storage_control {
namespace {

using base::Error;
using base::error_from_errno;
using base::ErrorCode;
using base::Json;
using base::Result;
using base::UniqueFd;

struct Peer {
  UniqueFd socket;
  std::string client;    // by the reading thread alone, and const once greeted
  bool greeted = false;  // the same
  std::mutex sending;    // one answer after the other
};

struct Task {
  std::shared_ptr<Peer> peer;
  Numbered call;
  UniqueFd descriptor;
};

void answer(Peer& peer, CallId id, Result<Json> value, int descriptor = -1) {
  std::string bytes = encode(Answer{id, std::move(value)});
  if (bytes.size() > kPacketBytesMax) {
    bytes = encode(Answer{id, Error{ErrorCode::kInternal, "the answer is too long to be told"}});
  }
  const std::lock_guard lock(peer.sending);
  // Who cannot be told anything is gone, and the reading thread learns that, too.
  if (!send_packet(peer.socket.get(), bytes, descriptor)) {
    ::shutdown(peer.socket.get(), SHUT_RDWR);
  }
}

// What answers a call that is not the first on its connection.
class Dispatch {
 public:
  Dispatch(ControlHandler& handler, const std::string& client, UniqueFd descriptor)
      : handler_(handler), client_(client), descriptor_(std::move(descriptor)) {}

  Result<Json> operator()(const Hello&) {
    return Error{ErrorCode::kInvalidArgument, "a hello comes first, and once"};
  }
  Result<Json> operator()(const Open& call) {
    if (client_.empty()) {
      return Error{ErrorCode::kInvalidArgument, "a client without a name cannot open volumes"};
    }
    TRY(const Opened opened, handler_.open(client_, call));
    return to_json(opened);
  }
  Result<Json> operator()(const Finish& call) {
    TRY(const auto report, handler_.finish(client_, call));
    return report_to_json(report);
  }
  Result<Json> operator()(const List& call) { return handler_.list(call); }
  Result<Json> operator()(const Stat& call) { return handler_.stat(call); }
  Result<Json> operator()(const Usage& call) { return handler_.usage(call); }
  Result<Json> operator()(const Remove& call) { return handler_.remove(call); }
  Result<Json> operator()(const Copy& call) {
    if (!descriptor_.valid()) {
      return Error{ErrorCode::kInvalidArgument, "a copy needs the descriptor of a file"};
    }
    return handler_.copy(call, std::move(descriptor_));
  }
  Result<Json> operator()(const Share& call) { return handler_.share(call); }
  Result<Json> operator()(const Unshare& call) { return handler_.unshare(call); }
  Result<Json> operator()(const Collect& call) { return handler_.collect(call); }
  Result<Json> operator()(const Check& call) { return handler_.check(call); }
  Result<Json> operator()(const Metrics&) { return handler_.metrics(); }

 private:
  ControlHandler& handler_;
  const std::string& client_;
  UniqueFd descriptor_;
};

// Who asks what this version cannot read is told so: unanswered, it would ask for ever.
std::optional<CallId> id_of(std::string_view bytes) {
  const auto json = Json::parse(bytes);
  const Json* const id = json ? json->find("id") : nullptr;
  const auto number = id == nullptr ? std::nullopt : id->as_int64();
  if (!number || *number < 0) return std::nullopt;
  return static_cast<CallId>(*number);
}

}  // namespace

class ControlServer::Impl {
 public:
  Impl(UniqueFd socket, UniqueFd wake, ControlServerOptions options, ControlHandler& handler,
       base::Logger log)
      : socket_(std::move(socket)),
        wake_(std::move(wake)),
        options_(std::move(options)),
        handler_(handler),
        log_(std::move(log)) {
    for (std::size_t i = 0; i < options_.threads + 1; ++i) {
      threads_.emplace_back([this](const std::stop_token& stop) { work(stop); });
    }
  }

  ~Impl() {
    for (auto& thread : threads_) thread.request_stop();
    const std::uint64_t one = 1;
    (void)!::write(wake_.get(), &one, sizeof one);
    threads_.clear();
  }

 private:
  void work(const std::stop_token& stop);
  // By the reading thread: until it has a call to answer itself, or is to stop.
  std::optional<Task> read(const std::stop_token& stop);
  void accept_one();
  bool read_one(const std::shared_ptr<Peer>& peer, std::optional<Task>& mine);
  bool take(const std::shared_ptr<Peer>& peer, Packet packet, std::optional<Task>& mine);
  bool pass_on(Task task, std::optional<Task>& mine);
  bool greet(Peer& peer, const Numbered& call);
  void drop(const std::shared_ptr<Peer>& peer);
  void serve(Task task);

  const UniqueFd socket_;
  const UniqueFd wake_;
  const ControlServerOptions options_;
  ControlHandler& handler_;
  const base::Logger log_;
  std::vector<std::shared_ptr<Peer>> peers_;  // the reading thread's

  std::mutex mutex_;
  std::condition_variable_any wanted_;
  // Guarded by mutex_:
  std::deque<Task> tasks_;
  bool reading_ = false;  // some thread is
  std::size_t idle_ = 0;
  std::vector<std::jthread> threads_;
};

std::optional<Task> ControlServer::Impl::read(const std::stop_token& stop) {
  std::optional<Task> mine;
  while (!stop.stop_requested() && !mine) {
    std::vector<pollfd> polled{{wake_.get(), POLLIN, 0}, {socket_.get(), POLLIN, 0}};
    for (const auto& peer : peers_) polled.push_back({peer->socket.get(), POLLIN, 0});
    if (::poll(polled.data(), polled.size(), -1) < 0 && errno != EINTR) {
      log_.error("Control", error_from_errno(errno, "waiting for calls").message);
      break;
    }
    const auto peers = peers_;  // who comes or goes now is not in `polled`
    if (polled[1].revents != 0) accept_one();
    // After a call of its own another thread may be reading already.
    for (std::size_t i = 0; i < peers.size() && !mine; ++i) {
      if (polled[i + 2].revents != 0 && !read_one(peers[i], mine)) drop(peers[i]);
    }
  }
  return mine;
}

void ControlServer::Impl::accept_one() {
  UniqueFd socket(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  if (!socket.valid()) return;
  const auto user = peer_user(socket.get());
  if (!user || *user != options_.user) {
    log_.warn("Control", "a caller that is not the right user was refused",
              {{"uid", user ? Json(std::int64_t{*user}) : Json()}});
    return;
  }
  if (peers_.size() >= options_.connections_max) {
    log_.warn("Control", "too many connections: one was refused");
    return;
  }
  auto peer = std::make_shared<Peer>();
  peer->socket = std::move(socket);
  peers_.push_back(std::move(peer));
}

bool ControlServer::Impl::read_one(const std::shared_ptr<Peer>& peer, std::optional<Task>& mine) {
  auto packet = receive_packet(peer->socket.get());
  return packet && take(peer, *std::move(packet), mine);
}

bool ControlServer::Impl::take(const std::shared_ptr<Peer>& peer, Packet packet,
                               std::optional<Task>& mine) {
  auto call = decode_call(packet.bytes);
  if (!call) {
    log_.warn("Control", "a call could not be understood: " + call.error().message);
    const auto id = id_of(packet.bytes);
    answer(*peer, id.value_or(0), std::move(call).error());
    return id && peer->greeted;
  }
  if (!peer->greeted) return greet(*peer, *call);
  const CallId id = call->id;
  if (!pass_on({peer, *std::move(call), std::move(packet.descriptor)}, mine)) {
    answer(*peer, id, Error{ErrorCode::kUnavailable, "too many calls are waiting"});
  }
  return true;
}

// Where another thread can read on, this one answers: to wake that one is then in nobody's way.
bool ControlServer::Impl::pass_on(Task task, std::optional<Task>& mine) {
  const std::lock_guard lock(mutex_);
  if (idle_ > 0 && tasks_.empty()) {
    mine = std::move(task);
    reading_ = false;
    wanted_.notify_one();
    return true;
  }
  if (tasks_.size() >= options_.waiting_max) return false;
  tasks_.push_back(std::move(task));
  wanted_.notify_one();
  return true;
}

bool ControlServer::Impl::greet(Peer& peer, const Numbered& call) {
  const auto* hello = std::get_if<Hello>(&call.call);
  if (hello == nullptr || hello->protocol != kProtocolVersion) {
    answer(peer, call.id,
           Error{ErrorCode::kUnsupported, "the daemon speaks version " +
                                              std::to_string(kProtocolVersion) +
                                              " of the protocol, and wants a hello first"});
    return false;
  }
  const auto mount = handler_.mount();
  if (!mount) {
    answer(peer, call.id, mount.error());
    return false;
  }
  peer.greeted = true;
  peer.client = hello->client;
  if (!peer.client.empty()) handler_.arrived(peer.client);
  answer(peer, call.id, to_json(Welcome{kProtocolVersion, options_.node}), mount->get());
  return true;
}

void ControlServer::Impl::drop(const std::shared_ptr<Peer>& peer) {
  std::erase(peers_, peer);
  ::shutdown(peer->socket.get(), SHUT_RDWR);
  const bool named = peer->greeted && !peer->client.empty();
  const auto same = [&](const auto& other) {
    return other->greeted && other->client == peer->client;
  };
  if (named && std::ranges::none_of(peers_, same)) handler_.left(peer->client);
}

void ControlServer::Impl::work(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (true) {
    ++idle_;
    const bool wanted = wanted_.wait(lock, stop, [this] { return !tasks_.empty() || !reading_; });
    --idle_;
    if (!wanted || (tasks_.empty() && stop.stop_requested())) return;
    std::optional<Task> task;
    if (!tasks_.empty()) {
      task = std::move(tasks_.front());
      tasks_.pop_front();
      lock.unlock();
    } else {
      reading_ = true;
      lock.unlock();
      task = read(stop);
      if (!task) return;
    }
    if (stop.stop_requested()) {
      answer(*task->peer, task->call.id, Error{ErrorCode::kUnavailable, "the daemon is stopping"});
    } else {
      serve(*std::move(task));
    }
    lock.lock();
  }
}

void ControlServer::Impl::serve(Task task) {
  auto value =
      std::visit(Dispatch(handler_, task.peer->client, std::move(task.descriptor)), task.call.call);
  answer(*task.peer, task.call.id, std::move(value));
}

ControlServer::ControlServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ControlServer::~ControlServer() = default;

Result<std::unique_ptr<ControlServer>> ControlServer::start(UniqueFd socket,
                                                            ControlServerOptions options,
                                                            ControlHandler& handler,
                                                            base::Logger log) {
  UniqueFd wake(::eventfd(0, EFD_CLOEXEC));
  if (!wake.valid()) return error_from_errno(errno, "making an event descriptor");
  auto impl = std::make_unique<Impl>(std::move(socket), std::move(wake), std::move(options),
                                     handler, std::move(log));
  return std::unique_ptr<ControlServer>(new ControlServer(std::move(impl)));
}

}  // namespace storage_control
