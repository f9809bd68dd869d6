#include "connection.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace storage_control {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;
using base::Result;
using base::Status;
using base::UniqueFd;

constexpr std::chrono::milliseconds kBetweenTries{20};
// When nobody waits any more.
constexpr std::chrono::milliseconds kBetweenLateTries{500};

Error unexpected(const std::string& what) { return {ErrorCode::kUnsupported, what}; }

}  // namespace

Connection::Connection(ControlClientOptions options)
    : options_(std::move(options)), thread_([this](const std::stop_token& stop) { serve(stop); }) {}

Connection::~Connection() {
  thread_.request_stop();
  {
    const std::lock_guard lock(mutex_);
    if (opening_) ::shutdown(opening_->get(), SHUT_RDWR);
    changed_.notify_all();
  }
  thread_.join();
}

std::shared_ptr<const UniqueFd> Connection::mount() const {
  const std::lock_guard lock(mutex_);
  return mount_;
}

ControlState Connection::state() const {
  const std::lock_guard lock(mutex_);
  return {socket_ != nullptr, met_, since_, socket_ ? "" : why_lost_.message};
}

Status Connection::greet() {
  std::unique_lock lock(mutex_);
  auto socket = wait_for_socket(lock);
  if (!socket) return std::move(socket).error();
  return {};
}

// Bounded by the patience without a connection, not by how long the daemon takes.
Result<Connection::Socket> Connection::wait_for_socket(std::unique_lock<std::mutex>& lock) {
  changed_.wait_for(lock, options_.patience, [this] { return socket_ || hopeless_; });
  if (socket_) return socket_;
  return why_lost_;
}

Result<Json> Connection::ask(const Call& call, int descriptor, WhenLost when_lost) {
  std::unique_lock lock(mutex_);
  while (true) {
    TRY(const Socket socket, wait_for_socket(lock));
    const CallId id = next_id_++;
    const auto entry = waiting_.emplace(id, std::nullopt).first;
    lock.unlock();
    Status sent;
    {
      const std::lock_guard one(sending_);
      sent = send_packet(socket->get(), encode(Numbered{id, call}), descriptor);
    }
    lock.lock();
    const bool is_ours = !sent && sent.error().code != ErrorCode::kUnavailable;
    if (!sent && !is_ours) ::shutdown(socket->get(), SHUT_RDWR);
    const auto is_over = [&] { return is_ours || entry->second || socket_ != socket; };
    // Who waits reads for all: so the answer wakes the thread that it is for, and no other first.
    while (!is_over()) {
      changed_.wait(lock, [&] { return is_over() || !reading_; });
      if (!is_over()) read_answer(lock, socket);
    }
    auto answer = std::move(entry->second);
    waiting_.erase(entry);
    if (answer) return *std::move(answer);
    if (is_ours) return std::move(sent).error();
    if (when_lost == WhenLost::kGiveUp) return why_lost_;
  }
}

void Connection::serve(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    if (auto socket = begin(stop)) {
      watch(*socket);
    } else {
      set_lost(std::move(socket).error());
    }
    std::unique_lock lock(mutex_);
    const bool late = std::chrono::steady_clock::now() - since_ > options_.patience;
    changed_.wait_for(lock, stop, late ? kBetweenLateTries : kBetweenTries, [] { return false; });
  }
  set_lost({ErrorCode::kUnavailable, "the connection to larder-storaged was given up"});
}

Result<Connection::Socket> Connection::begin(const std::stop_token& stop) {
  TRY(UniqueFd fd, connect_to(options_.socket));
  const auto socket = std::make_shared<const UniqueFd>(std::move(fd));
  {
    const std::lock_guard lock(mutex_);
    opening_ = socket;
  }
  // A stop between connecting and now has not seen the socket.
  if (stop.stop_requested()) return Error{ErrorCode::kUnavailable, "stopped"};
  TRY_STATUS(welcome(socket));
  return socket;
}

Status Connection::welcome(const Socket& socket) {
  TRY_STATUS(send_packet(socket->get(), encode(Numbered{0, Hello{options_.client}})));
  TRY(Packet packet, receive_packet(socket->get()));
  TRY(const Answer answer, decode_answer(packet.bytes));
  if (!answer.value) {
    const std::lock_guard lock(mutex_);
    hopeless_ = answer.value.error().code != ErrorCode::kUnavailable;
    return answer.value.error();
  }
  TRY(const Welcome welcome, welcome_from(*answer.value));
  if (welcome.protocol != kProtocolVersion) {
    return unexpected("larder-storaged speaks version " + std::to_string(welcome.protocol) +
                      " of the control protocol, not " + std::to_string(kProtocolVersion));
  }
  set_connected(socket, packet.descriptor.valid()
                            ? std::make_shared<const UniqueFd>(std::move(packet.descriptor))
                            : nullptr);
  return {};
}

void Connection::set_connected(Socket socket, std::shared_ptr<const UniqueFd> mount) {
  const std::lock_guard lock(mutex_);
  socket_ = std::move(socket);
  mount_ = std::move(mount);
  since_ = std::chrono::steady_clock::now();
  met_ = true;
  hopeless_ = false;
  changed_.notify_all();
}

void Connection::set_lost(Error why) {
  const std::lock_guard lock(mutex_);
  set_lost_locked(std::move(why));
}

void Connection::set_lost_locked(Error why) {
  if (socket_) since_ = std::chrono::steady_clock::now();
  socket_.reset();
  opening_.reset();
  why_lost_ = std::move(why);
  changed_.notify_all();
}

// Until the connection has ended and what came before its end was read.
void Connection::watch(const Socket& socket) {
  pollfd end{socket->get(), 0, 0};
  while (::poll(&end, 1, -1) < 0 && errno == EINTR) {
  }
  std::unique_lock lock(mutex_);
  while (socket_ == socket) {
    changed_.wait(lock, [&] { return socket_ != socket || !reading_; });
    if (socket_ == socket) read_answer(lock, socket);
  }
}

void Connection::read_answer(std::unique_lock<std::mutex>& lock, const Socket& socket) {
  reading_ = true;
  lock.unlock();
  const auto read = [&]() -> Result<Answer> {
    TRY(const Packet packet, receive_packet(socket->get()));
    return decode_answer(packet.bytes);
  };
  auto answer = read();
  if (!answer) ::shutdown(socket->get(), SHUT_RDWR);
  lock.lock();
  reading_ = false;
  if (!answer) return set_lost_locked(std::move(answer).error());
  const auto waiting = waiting_.find(answer->id);
  if (waiting != waiting_.end()) waiting->second = std::move(answer->value);
  changed_.notify_all();
}

}  // namespace storage_control
