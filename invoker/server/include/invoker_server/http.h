// A request and its answer, free of any HTTP library.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace invoker_server {

using Field = std::pair<std::string, std::string>;

struct Request {
  std::string method;          // as sent: "GET"
  std::string target;          // path and query, still percent-encoded
  std::vector<Field> headers;  // names as sent
  std::string body;
  bool body_too_large = false;  // the body passed the server's bound and was thrown away
  // Why it is not clear where the request ends; "" when it is. There is no body then, the answer
  // must come before the handler returns, and the connection ends with it.
  std::string malformed;

  // The value of header `name` (any case); null pointer when there is none.
  const std::string* header(std::string_view name) const;
  // `target` up to the first '?', and what follows it.
  std::string_view path() const;
  std::string_view query() const;
};

struct Response {
  int status = 200;
  std::vector<Field> headers;
  std::string body;

  // The value of header `name` (any case); null pointer when there is none.
  const std::string* header(std::string_view name) const;
};

// The two names are equal but for the case of ASCII letters.
bool same_header(std::string_view a, std::string_view b);

// The way back to one client.
//
// Threads: send() from any thread, at once or long after the handler has returned. Ownership: a
// value that moves; the first send() counts and later ones are dropped. One that is destroyed
// without an answer sends a 500, so that no client waits for ever.
class Responder {
 public:
  using Sink = std::function<void(Response)>;

  Responder() = default;
  explicit Responder(Sink sink) : sink_(std::move(sink)) {}
  Responder(Responder&& other) noexcept : sink_(std::exchange(other.sink_, nullptr)) {}
  Responder& operator=(Responder&& other) noexcept;
  ~Responder();

  void send(Response response);
  explicit operator bool() const { return static_cast<bool>(sink_); }

 private:
  Sink sink_;
};

// Called on a thread of the server. It must not block for long: hand slow work to a WorkPool.
using HttpHandler = std::function<void(Request, Responder)>;

}  // namespace invoker_server
