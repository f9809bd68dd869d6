// Serves /init and /run of one action over HTTP.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "http_connection.h"
#include "worker.h"

namespace proxy {

// One thread. Calls are served one after the other, also where several connections are open.
class Proxy {
 public:
  Proxy(int listener, std::unique_ptr<Worker> worker);

  // Returns when the action has ended: every connection then breaks.
  void serve();

 private:
  struct Connection {
    base::UniqueFd fd;
    HttpParser parser;
    bool closing = false;
  };

  void accept_all();
  bool read_from(Connection& connection);
  bool answer_requests(Connection& connection);
  Answer handle(Request request);
  Answer initialize(const std::string& body);
  Answer run(std::string body);
  static bool send(const Connection& connection, const Answer& answer, bool keep_alive);

  const int listener_;
  const std::unique_ptr<Worker> worker_;
  std::vector<std::unique_ptr<Connection>> connections_;
  bool initialized_ = false;
  bool dead_ = false;
};

}  // namespace proxy
