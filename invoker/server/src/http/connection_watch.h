// Cuts connections that take too long over a phase: idle or sending headers, sending a body, taking
// an answer. The library's own time-out only notices a connection on which nothing moves at all.
#pragma once

#include <atomic>
#include <cstddef>
#include <list>
#include <mutex>

#include "base/clock.h"
#include "invoker_server/http_server.h"

namespace invoker_server {

// What is known of one connection. The owner of the connection writes it, the sweep reads it.
struct WatchedConnection {
  enum class Phase { kHeaders, kBody, kWorking, kAnswer };

  explicit WatchedConnection(int socket) : fd(socket) {}

  // `bytes`: how much this phase has moved, or has to move.
  void enter(Phase next, std::size_t moved_bytes = 0);

  const int fd;
  std::atomic<Phase> phase{Phase::kHeaders};
  std::atomic<base::Instant::rep> since{0};
  std::atomic<std::size_t> bytes{0};
  std::list<WatchedConnection*>::iterator place;
};

// Threads: any method from any thread.
class ConnectionWatch {
 public:
  explicit ConnectionWatch(const HttpServerConfig& config) : config_(config) {}

  WatchedConnection* add(int fd);
  // Must be called before the descriptor is closed.
  void remove(WatchedConnection* connection);
  // Shuts down the sockets of those that are over their time at `now`, and of idle ones whose
  // client has closed its half: the library, which looks at edges, misses an end that came with a
  // request.
  void sweep(base::Instant now);
  std::size_t count() const;
  // Connections between two requests (or before their first).
  void shut_idle();

 private:
  static bool is_idle(const WatchedConnection& connection, base::Instant now);
  bool overdue(const WatchedConnection& connection, base::Instant now) const;

  const HttpServerConfig config_;
  mutable std::mutex mutex_;  // guards connections_ and that their descriptors stay open
  std::list<WatchedConnection*> connections_;
};

}  // namespace invoker_server
