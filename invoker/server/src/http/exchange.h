// One request on a connection, from its first byte to the last byte of its answer.
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_set>

#include "connection_watch.h"
#include "invoker_server/http.h"

struct MHD_Connection;

namespace invoker_server {

class Exchange;

// The exchanges that wait for an answer. Threads: any.
class WaitingExchanges {
 public:
  // False when closed: nobody would wake the exchange up.
  bool add(const std::shared_ptr<Exchange>& exchange);
  void remove(const std::shared_ptr<Exchange>& exchange);
  // Lets nothing more wait; gives what waits now.
  std::unordered_set<std::shared_ptr<Exchange>> close();

 private:
  std::mutex mutex_;  // guards everything below
  bool closed_ = false;
  std::unordered_set<std::shared_ptr<Exchange>> waiting_;
};

// Threads: answer() from any; everything else on the connection's thread. While an exchange waits,
// the library keeps the connection (suspended) until it is resumed, so that the pointer stays good.
class Exchange : public std::enable_shared_from_this<Exchange> {
 public:
  explicit Exchange(std::string target) { request_.target = std::move(target); }

  // The request, as it comes in.
  void begin(MHD_Connection* connection, const char* method, const char* version,
             WatchedConnection* watch, std::size_t body_bytes_max);
  // What comes after the headers cannot be told apart: refuse() it.
  bool is_malformed() const { return malformed_; }
  // False when far too much is sent, and the connection is to be cut.
  bool receive(const char* bytes, std::size_t count);
  bool begun() const { return connection_ != nullptr; }

  // Gives the request to the handler. When that has not answered as it returns, the connection is
  // suspended, and resumed by the answer.
  void work(const HttpHandler& handler, WaitingExchanges& waiting);
  bool worked() const { return worked_; }
  // As work() for a malformed request, which nothing waits for. False: the connection is to be cut.
  bool refuse(const HttpHandler& handler);
  // Queues the answer, if there is one by now. False: the connection is to be cut.
  bool send_answer();

  void answer(Response response);
  static Response stopping();
  WatchedConnection* watch() const { return watch_; }

 private:
  Request request_;
  MHD_Connection* connection_ = nullptr;
  WatchedConnection* watch_ = nullptr;
  std::size_t body_bytes_max_ = 0;
  std::size_t received_ = 0;
  bool worked_ = false;
  bool malformed_ = false;

  std::mutex mutex_;  // guards what follows
  std::optional<Response> answer_;
  WaitingExchanges* waiting_ = nullptr;  // not null: suspended
};

}  // namespace invoker_server
