#include "invoker_http/http_stream.h"

#include <algorithm>
#include <atomic>
#include <string>
#include <utility>

#include "curl.h"

namespace invoker_http {
namespace {

using base::ErrorCode;
using std::chrono::milliseconds;

// How long one wait for bytes lasts at most; stop() ends it earlier.
constexpr milliseconds kWaitMax{1'000};

struct MultiCleanup {
  void operator()(CURLM* handle) const { curl_multi_cleanup(handle); }
};
using MultiHandle = std::unique_ptr<CURLM, MultiCleanup>;

struct ListCleanup {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

struct Arriving {
  CURL* handle;
  const HttpStream::Sink& sink;
  std::size_t bytes_max;
  HttpAnswer answer;
  base::Instant last;  // when bytes came
  bool enough = false;
};

int status_of(CURL* handle) {
  long status = 0;
  CHECK(curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status) == CURLE_OK);
  return static_cast<int>(status);
}

std::size_t on_body(char* data, std::size_t size, std::size_t count, void* into) {
  auto& arriving = *static_cast<Arriving*>(into);
  arriving.last = std::chrono::steady_clock::now();
  const std::string_view bytes(data, size * count);
  if (status_of(arriving.handle) / 100 == 2) {
    arriving.enough = !arriving.sink(bytes);
    return arriving.enough ? 0 : bytes.size();
  }
  std::string& body = arriving.answer.body;
  body.append(bytes.substr(0, arriving.bytes_max - std::min(arriving.bytes_max, body.size())));
  return bytes.size();
}

}  // namespace

class HttpStream::State {
 public:
  explicit State(const HttpTarget& target) : target_(target) {
    ensure_curl();
    multi_.reset(curl_multi_init());
    CHECK(multi_ != nullptr);
  }

  base::Result<HttpAnswer> read(const HttpRequest& request, const Time& time, const Sink& sink);
  void stop() {
    stopped_ = true;
    curl_multi_wakeup(multi_.get());
  }

 private:
  CURLcode transfer(const Arriving& arriving, const Time& time);

  const HttpTarget target_;
  MultiHandle multi_;
  std::atomic<bool> stopped_ = false;
};

base::Result<HttpAnswer> HttpStream::State::read(const HttpRequest& request, const Time& time,
                                                 const Sink& sink) {
  const CurlHandle curl = new_handle();
  CURL* const handle = curl.get();
  Arriving arriving{handle,
                    sink,
                    static_cast<std::size_t>(request.answer_bytes_max),
                    {},
                    std::chrono::steady_clock::now()};
  std::unique_ptr<curl_slist, ListCleanup> headers(curl_slist_append(nullptr, "Expect:"));
  for (const std::string& line : request.headers) {
    CHECK(curl_slist_append(headers.get(), line.c_str()) == headers.get());
  }
  set(handle, CURLOPT_URL, (target_.root + request.path).c_str());
  set(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  set(handle, CURLOPT_HTTP_VERSION, long{CURL_HTTP_VERSION_1_1});
  set(handle, CURLOPT_PROXY, "");
  set(handle, CURLOPT_NOSIGNAL, 1L);
  set(handle, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(target_.connect_timeout.count()));
  set(handle, CURLOPT_HTTPHEADER, headers.get());
  set(handle, CURLOPT_WRITEFUNCTION, &on_body);
  set(handle, CURLOPT_WRITEDATA, &arriving);
  if (!target_.unix_socket.empty()) {
    set(handle, CURLOPT_UNIX_SOCKET_PATH, target_.unix_socket.c_str());
  }
  if (request.method != "GET") {
    set(handle, CURLOPT_POSTFIELDS, request.body.data());
    set(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    set(handle, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  }
  const CURLcode code = transfer(arriving, time);
  arriving.answer.status = status_of(handle);
  if (code == CURLE_OK || arriving.enough || stopped_) return std::move(arriving.answer);
  return base::Error{
      code == CURLE_OPERATION_TIMEDOUT ? ErrorCode::kDeadlineExceeded : ErrorCode::kUnavailable,
      request.method + " " + target_.root + request.path + ": " + curl_easy_strerror(code)};
}

CURLcode HttpStream::State::transfer(const Arriving& arriving, const Time& time) {
  CURL* const handle = arriving.handle;
  CHECK(curl_multi_add_handle(multi_.get(), handle) == CURLM_OK);
  CURLcode result = CURLE_OK;
  for (int running = 1; !stopped_;) {
    CHECK(curl_multi_perform(multi_.get(), &running) == CURLM_OK);
    if (running == 0) {
      int more = 0;
      const CURLMsg* const message = curl_multi_info_read(multi_.get(), &more);
      if (message != nullptr) result = message->data.result;
      break;
    }
    if (time.cancelled != nullptr && *time.cancelled) {
      result = CURLE_ABORTED_BY_CALLBACK;
      break;
    }
    const auto now = std::chrono::steady_clock::now();
    const auto left =
        std::min(std::chrono::ceil<milliseconds>(time.end - now),
                 time.quiet_max - std::chrono::floor<milliseconds>(now - arriving.last));
    if (left.count() <= 0) {
      result = CURLE_OPERATION_TIMEDOUT;
      break;
    }
    const auto wait = static_cast<int>(std::min(left, kWaitMax).count());
    CHECK(curl_multi_poll(multi_.get(), nullptr, 0, wait, nullptr) == CURLM_OK);
  }
  CHECK(curl_multi_remove_handle(multi_.get(), handle) == CURLM_OK);
  return result;
}

HttpStream::HttpStream(const HttpTarget& target) : state_(std::make_unique<State>(target)) {}
HttpStream::~HttpStream() = default;

base::Result<HttpAnswer> HttpStream::read(const HttpRequest& request, const Time& time,
                                          const Sink& sink) {
  return state_->read(request, time, sink);
}

void HttpStream::stop() { state_->stop(); }

}  // namespace invoker_http
