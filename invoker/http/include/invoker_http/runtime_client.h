// Calls the runtime inside one container over HTTP/1.1.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.h"
#include "invoker/container.h"

namespace invoker_http {

class Connection;

// Where a runtime listens: on a unix socket, or on a port of a host where `unix_socket` is empty.
struct Endpoint {
  std::string unix_socket;  // at most 107 characters
  std::string host;         // a name or an address
  int port = 8080;
  // False: for a runtime that may close a connection at any time after an answer, as HTTP allows. A
  // call that met such an end would be lost, since no request is sent twice.
  bool keeps_connections = true;
};

// One per container. Where the endpoint keeps connections, they stay open between calls, as many as
// calls ran at once.
//
// Threads: any method from any thread; destroyed when no call runs. Time: post() returns by its
// deadline, give or take a few milliseconds, whatever the runtime does.
class RuntimeClient {
 public:
  // Waits for that long, or until the runtime has ended: then false.
  using Wait = std::function<bool(base::milliseconds)>;

  // `clock` must outlive the client and tell real time. `wait`: between two tries; a runtime that
  // has ended is not tried again. Without one nobody knows, and it is tried until the deadline.
  RuntimeClient(Endpoint endpoint, const base::Clock& clock, Wait wait = {});
  ~RuntimeClient();
  RuntimeClient(const RuntimeClient&) = delete;
  RuntimeClient& operator=(const RuntimeClient&) = delete;

  // Sends `body`, a JSON text, and reads the whole answer. A request is sent at most once: only a
  // connection that nobody accepted, or a unix socket that does not exist yet, is tried again, and
  // that only with `retry_refused`: after 1, 2, 4 ... and then every 50 ms.
  //
  // An answer without Content-Length (also chunked, compressed, or of a status that has no body) is
  // read, dropped and reported as kNoResponse. `elapsed` counts the tries; `end_ms` is `start_ms`
  // and `elapsed`.
  invoker::CallOutcome post(const std::string& path, const std::string& body,
                            base::Instant deadline, const invoker::ResponseBounds& bounds,
                            bool retry_refused);

  // Whether somebody accepts connections there; nothing is sent. Time: a second.
  bool listens() const;

  // Closes the connections that no call uses, so that the next call opens its own. For a container
  // that is about to be paused: its end of a connection may break meanwhile.
  void close_connections();

 private:
  bool pause_between(base::milliseconds time) const;
  std::unique_ptr<Connection> take();
  void give_back(std::unique_ptr<Connection> connection);

  const Endpoint endpoint_;
  const base::Clock& clock_;
  const Wait wait_;
  std::mutex mutex_;  // guards what follows
  std::vector<std::unique_ptr<Connection>> idle_;
  unsigned generation_ = 0;  // grows with close_connections(): older connections are not kept
};

}  // namespace invoker_http
