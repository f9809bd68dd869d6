// One request whose answer comes piece by piece, for as long as somebody wants it.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "invoker_http/http_client.h"

namespace invoker_http {

// Threads: read() in one thread, stop() in any.
class HttpStream {
 public:
  explicit HttpStream(const HttpTarget& target);
  ~HttpStream();
  HttpStream(const HttpStream&) = delete;
  HttpStream& operator=(const HttpStream&) = delete;

  // Called with each piece as it arrives; false: no more is wanted.
  using Sink = std::function<bool(std::string_view bytes)>;

  // How long it may take.
  struct Time {
    base::Instant end;
    base::milliseconds quiet_max = base::milliseconds::max();  // without a byte
    const std::atomic<bool>* cancelled = nullptr;  // ends it within a second of becoming true
  };

  // Sends the request over a connection of its own and feeds the body to `sink`, until the body
  // ends, the sink has enough, or stop() is called: each is a success. The body of an answer that
  // is not 2xx goes into the returned one, cut after `request.answer_bytes_max`.
  // Errors: kUnavailable, kInternal, as HttpClient::send(); kDeadlineExceeded when `time` is over;
  // kUnavailable when it was cancelled.
  base::Result<HttpAnswer> read(const HttpRequest& request, const Time& time, const Sink& sink);

  // Ends read() at once, also one that begins later.
  void stop();

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace invoker_http
