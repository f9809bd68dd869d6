// Calls one HTTP/1.1 server, such as a database, over connections that are kept open.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace invoker_http {

struct HttpTarget {
  std::string root;      // "http://host:port" or "https://host:port", without a last slash
  std::string username;  // basic authentication, where it is not empty
  std::string password;
  std::size_t connections_max = 128;
  std::chrono::milliseconds connect_timeout{5'000};
  std::string unix_socket = {};  // where it is not empty, the server listens there
};

struct HttpRequest {
  std::string method = "GET";        // with a body: POST, PUT
  std::string path;                  // with its leading slash and query, encoded
  std::vector<std::string> headers;  // "Name: value"
  std::string body;
  std::int64_t answer_bytes_max = 1 << 20;
};

struct HttpAnswer {
  int status = 0;
  std::string body;
};

// Threads: any method from any thread; destroyed when no call runs. When all connections are in
// use, a call waits for one within its time.
class HttpClient {
 public:
  explicit HttpClient(HttpTarget target);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  // Any answer that is complete is a success, whatever its status. A request whose kept connection
  // breaks before anything came back is sent once more on a new one, so it must bear being sent
  // twice. `cancelled`, where given, ends the call within a second of becoming true.
  //
  // Errors: kUnavailable (nobody listens, or the connection broke), kDeadlineExceeded, kNoSpace
  // (the answer is longer than allowed), kInternal (no HTTP).
  base::Result<HttpAnswer> send(const HttpRequest& request, std::chrono::milliseconds timeout,
                                const std::atomic<bool>* cancelled = nullptr);

 private:
  class Handle;

  base::Result<std::unique_ptr<Handle>> take(base::Instant deadline);
  void give_back(std::unique_ptr<Handle> handle);

  const HttpTarget target_;
  std::mutex mutex_;  // guards what follows
  std::condition_variable returned_;
  std::vector<std::unique_ptr<Handle>> idle_;
  std::size_t in_use_ = 0;
};

}  // namespace invoker_http
