// A small HTTP server that plays an action's runtime, well or badly.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/unique_fd.h"
#include "testing/scratch_folder.h"

namespace testing_support {

struct HttpRequest {
  std::string line;                            // "POST /run HTTP/1.1"
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
  int connection = 0;  // counted from 1
};

// Threads: any method from any thread; `answer` is called on the thread of its connection.
class ActionServer {
 public:
  enum class Transport { kUnix, kTcp };
  // Writes an answer to `fd`. False: the connection is closed.
  using Answer = std::function<bool(const HttpRequest& request, int fd)>;

  explicit ActionServer(Answer answer, Transport transport = Transport::kUnix);
  // At `socket_path`, which must not exist.
  ActionServer(Answer answer, std::string socket_path);
  // Cuts every connection and joins.
  ~ActionServer();
  ActionServer(const ActionServer&) = delete;
  ActionServer& operator=(const ActionServer&) = delete;

  const std::string& socket_path() const { return socket_path_; }
  int port() const { return port_; }

  std::vector<HttpRequest> requests() const;
  int connections() const;
  // Blocks until this many connections have been closed by the server.
  void wait_for_closed(int count) const;

 private:
  struct Shared;

  void listen_unix();
  void listen_tcp();
  void accept_all();
  void serve(base::UniqueFd fd, int connection);

  Answer answer_;
  std::optional<ScratchFolder> folder_;  // for the socket, where no path was given
  std::string socket_path_;
  int port_ = 0;
  base::UniqueFd listener_;
  std::shared_ptr<Shared> shared_;
  std::thread acceptor_;
};

// False when the other side is gone.
bool send_text(int fd, std::string_view text);
// Blocks until the other side closes.
void wait_for_hang_up(int fd);
std::string http_answer(int status, std::string_view body);

}  // namespace testing_support
