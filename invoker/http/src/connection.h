// One libcurl handle and the connection that it keeps open.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "call.h"
#include "curl.h"
#include "invoker_http/runtime_client.h"

namespace invoker_http {

// Threads: one at a time.
class Connection {
 public:
  // `wait` as in RuntimeClient; it outlives the connection.
  Connection(const Endpoint& endpoint, const RuntimeClient::Wait& wait, unsigned generation);

  // Sends the request at most once and feeds the answer to `call`, within `time`.
  invoker::CallError exchange(const std::string& path, const std::string& body,
                              std::chrono::milliseconds time, Call& call);

  // Whether a connection can be made. Nothing can be sent after that.
  bool opens();

  unsigned generation() const { return generation_; }

 private:
  static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* call);
  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* call);
  static int on_progress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t);
  static int on_ready(void* self, char*, char*, int, int);
  static curl_socket_t on_open(void* self, curlsocktype, curl_sockaddr* address);
  void set_once(const Endpoint& endpoint);
  void set_path(const std::string& path);
  invoker::CallError error_of(CURLcode code, std::chrono::milliseconds time) const;

  const std::string root_;  // "http://host:port"
  const RuntimeClient::Wait& wait_;
  const unsigned generation_;
  std::optional<base::Instant> ended_;  // since when the runtime is known to have ended
  std::string path_;                    // that the handle is set to
  bool sent_ = false;                   // a request may have left during this exchange
  CurlHandle handle_;
};

}  // namespace invoker_http
