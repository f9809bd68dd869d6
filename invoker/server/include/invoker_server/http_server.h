// An HTTP/1.1 server for many clients on few threads.
//
// Keep-alive and pipelining; a request that waits for its answer holds no thread. Every phase of a
// connection has a bound: idle or sending headers, sending the body (by rate), taking the answer.
// Bodies are read whole, up to a bound; a longer one is thrown away and marked. A request whose
// headers contradict each other about its end is marked too, and is the last of its connection.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "invoker_server/http.h"
#include "invoker_server/tls.h"

namespace invoker_server {

struct HttpServerConfig {
  std::string address = "127.0.0.1";  // IPv4
  std::uint16_t port = 3233;          // 0: any free one
  unsigned threads = 2;
  unsigned connections_max = 1024;
  unsigned connections_of_one_max = 0;  // from one address; 0: no bound
  std::size_t body_bytes_max = 50u << 20;
  // From accept, or the end of the last answer, until all headers of the next request are here.
  std::chrono::milliseconds header_time_max{60'000};
  // For a body and for an answer: this long, and longer by one second for each
  // `bytes_per_second_min`.
  std::chrono::milliseconds transfer_time_min{30'000};
  std::size_t bytes_per_second_min = 64u << 10;
  std::optional<TlsOptions> tls;  // none: plain HTTP
};

// Threads: any method from any thread, except stop(), which is called once.
class HttpServer {
 public:
  // Errors: kAlreadyExists when the port is taken, kInvalidArgument for the address and for a
  // keystore that cannot be used.
  static base::Result<std::unique_ptr<HttpServer>> start(const HttpServerConfig& config,
                                                         HttpHandler handler);
  // Stops without patience if stop() was not called.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  std::uint16_t port() const;

  // Serves the connected stream socket `fd` (owned from now on) as if it had been accepted.
  base::Status adopt(int fd);

  // Accepts nobody new, waits up to `patience` for requests under way, answers the rest with 503.
  // No handler runs after it returns.
  void stop(std::chrono::milliseconds patience);

 private:
  class Impl;
  explicit HttpServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace invoker_server
