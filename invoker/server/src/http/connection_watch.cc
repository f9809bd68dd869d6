#include "connection_watch.h"

#include <poll.h>
#include <sys/socket.h>

#include <memory>
#include <vector>

namespace invoker_server {
namespace {

constexpr std::chrono::milliseconds kIdleAfter{250};

base::Instant since(const WatchedConnection& connection) {
  return base::Instant(base::Instant::duration(connection.since.load(std::memory_order_relaxed)));
}

}  // namespace

void WatchedConnection::enter(Phase next, std::size_t moved_bytes) {
  bytes.store(moved_bytes, std::memory_order_relaxed);
  since.store(std::chrono::steady_clock::now().time_since_epoch().count(),
              std::memory_order_relaxed);
  phase.store(next, std::memory_order_release);
}

WatchedConnection* ConnectionWatch::add(int fd) {
  auto connection = std::make_unique<WatchedConnection>(fd);
  connection->enter(WatchedConnection::Phase::kHeaders);
  const std::lock_guard lock(mutex_);
  connection->place = connections_.insert(connections_.end(), connection.get());
  return connection.release();
}

void ConnectionWatch::remove(WatchedConnection* connection) {
  const std::unique_ptr<WatchedConnection> owned(connection);
  const std::lock_guard lock(mutex_);
  connections_.erase(connection->place);
}

// A request that came before the end of the client's stream has long been started by then.
bool ConnectionWatch::is_idle(const WatchedConnection& connection, base::Instant now) {
  if (connection.phase.load(std::memory_order_acquire) != WatchedConnection::Phase::kHeaders) {
    return false;
  }
  return now - since(connection) > kIdleAfter;
}

bool ConnectionWatch::overdue(const WatchedConnection& connection, base::Instant now) const {
  const auto phase = connection.phase.load(std::memory_order_acquire);
  if (phase == WatchedConnection::Phase::kWorking) return false;
  const base::Instant::duration time = now - since(connection);
  if (phase == WatchedConnection::Phase::kHeaders) return time > config_.header_time_max;
  const std::chrono::seconds for_size(connection.bytes.load(std::memory_order_relaxed) /
                                      config_.bytes_per_second_min);
  return time > config_.transfer_time_min + for_size;
}

void ConnectionWatch::sweep(base::Instant now) {
  const std::lock_guard lock(mutex_);
  std::vector<pollfd> idle;
  for (const WatchedConnection* connection : connections_) {
    if (overdue(*connection, now)) {
      ::shutdown(connection->fd, SHUT_RDWR);
    } else if (is_idle(*connection, now)) {
      idle.push_back({connection->fd, POLLRDHUP, 0});
    }
  }
  if (::poll(idle.data(), idle.size(), 0) <= 0) return;
  for (const pollfd& one : idle) {
    if ((one.revents & POLLRDHUP) != 0) ::shutdown(one.fd, SHUT_RDWR);
  }
}

std::size_t ConnectionWatch::count() const {
  const std::lock_guard lock(mutex_);
  return connections_.size();
}

void ConnectionWatch::shut_idle() {
  const std::lock_guard lock(mutex_);
  for (const WatchedConnection* connection : connections_) {
    if (connection->phase.load(std::memory_order_acquire) == WatchedConnection::Phase::kHeaders) {
      ::shutdown(connection->fd, SHUT_RDWR);
    }
  }
}

}  // namespace invoker_server
