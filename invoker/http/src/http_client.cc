#include "invoker_http/http_client.h"

#include <sys/socket.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "curl.h"

namespace invoker_http {
namespace {

using base::ErrorCode;
using std::chrono::milliseconds;

struct ListFree {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using HeaderList = std::unique_ptr<curl_slist, ListFree>;

HeaderList header_list(const std::vector<std::string>& lines) {
  // Without "Expect", a large body would first wait a second for leave to be sent.
  HeaderList list(curl_slist_append(nullptr, "Expect:"));
  for (const std::string& line : lines) {
    // The list stays the same object when it grows.
    CHECK(curl_slist_append(list.get(), line.c_str()) == list.get());
  }
  return list;
}

// What arrives of one answer.
struct Arriving {
  HttpAnswer answer;
  std::size_t bytes_max = 0;
  bool head_complete = false;
  bool too_long = false;
};

ErrorCode code_of(CURLcode code, const Arriving& arriving) {
  if (arriving.too_long) return ErrorCode::kNoSpace;
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
      return ErrorCode::kDeadlineExceeded;
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT:
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_BAD_CONTENT_ENCODING:
      return ErrorCode::kInternal;
    default:
      return ErrorCode::kUnavailable;
  }
}

std::size_t on_header(char* data, std::size_t size, std::size_t count, void* into) {
  const std::string_view line(data, size * count);
  static_cast<Arriving*>(into)->head_complete = line == "\r\n" || line == "\n";
  return line.size();
}

std::size_t on_body(char* data, std::size_t size, std::size_t count, void* into) {
  auto& arriving = *static_cast<Arriving*>(into);
  const std::size_t bytes = size * count;
  if (bytes > arriving.bytes_max - arriving.answer.body.size()) {
    arriving.too_long = true;
    return 0;  // ends the transfer
  }
  arriving.answer.body.append(data, bytes);
  return bytes;
}

int on_progress(void* cancelled, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  const auto* const flag = static_cast<const std::atomic<bool>*>(cancelled);
  return flag != nullptr && *flag ? 1 : 0;
}

curl_socket_t on_open(void*, curlsocktype, curl_sockaddr* address) {
  return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

}  // namespace

// One libcurl handle and the connection that it keeps open. Threads: one at a time.
class HttpClient::Handle {
 public:
  explicit Handle(const HttpTarget& target);

  base::Result<HttpAnswer> send(const HttpTarget& target, const HttpRequest& request,
                                milliseconds timeout, const std::atomic<bool>* cancelled);

 private:
  void set_method(const HttpRequest& request);

  CurlHandle curl_ = new_handle();
};

HttpClient::Handle::Handle(const HttpTarget& target) {
  CURL* const handle = curl_.get();
  set(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  set(handle, CURLOPT_HTTP_VERSION, long{CURL_HTTP_VERSION_1_1});
  set(handle, CURLOPT_PROXY, "");  // also keeps libcurl from asking the environment
  set(handle, CURLOPT_NOSIGNAL, 1L);
  set(handle, CURLOPT_TCP_KEEPALIVE, 1L);
  set(handle, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(target.connect_timeout.count()));
  set(handle, CURLOPT_OPENSOCKETFUNCTION, &on_open);
  if (!target.unix_socket.empty()) {
    set(handle, CURLOPT_UNIX_SOCKET_PATH, target.unix_socket.c_str());
  }
  set(handle, CURLOPT_HEADERFUNCTION, &on_header);
  set(handle, CURLOPT_WRITEFUNCTION, &on_body);
  set(handle, CURLOPT_XFERINFOFUNCTION, &on_progress);
  set(handle, CURLOPT_NOPROGRESS, 0L);
  if (target.username.empty()) return;
  set(handle, CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_BASIC));
  set(handle, CURLOPT_USERNAME, target.username.c_str());
  set(handle, CURLOPT_PASSWORD, target.password.c_str());
}

void HttpClient::Handle::set_method(const HttpRequest& request) {
  CURL* const handle = curl_.get();
  set(handle, CURLOPT_HTTPGET, 1L);
  if (request.method != "GET") {
    set(handle, CURLOPT_POSTFIELDS, request.body.data());
    set(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
  }
  set(handle, CURLOPT_CUSTOMREQUEST, request.method.c_str());
}

base::Result<HttpAnswer> HttpClient::Handle::send(const HttpTarget& target,
                                                  const HttpRequest& request, milliseconds timeout,
                                                  const std::atomic<bool>* cancelled) {
  CURL* const handle = curl_.get();
  const HeaderList headers = header_list(request.headers);
  Arriving arriving;
  arriving.bytes_max = static_cast<std::size_t>(request.answer_bytes_max);
  set(handle, CURLOPT_URL, (target.root + request.path).c_str());
  set_method(request);
  set(handle, CURLOPT_HTTPHEADER, headers.get());
  set(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(timeout.count()));
  set(handle, CURLOPT_HEADERDATA, &arriving);
  set(handle, CURLOPT_WRITEDATA, &arriving);
  set(handle, CURLOPT_XFERINFODATA, const_cast<std::atomic<bool>*>(cancelled));
  CURLcode code = curl_easy_perform(handle);
  if (code == CURLE_OK && !arriving.head_complete)
    code = CURLE_GOT_NOTHING;  // libcurl lets it pass
  if (code != CURLE_OK) {
    const char* why = arriving.too_long ? "the answer is too long" : curl_easy_strerror(code);
    return base::Error{code_of(code, arriving),
                       request.method + " " + target.root + request.path + ": " + why};
  }
  long status = 0;
  CHECK(curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status) == CURLE_OK);
  arriving.answer.status = static_cast<int>(status);
  return std::move(arriving.answer);
}

HttpClient::HttpClient(HttpTarget target) : target_(std::move(target)) {}
HttpClient::~HttpClient() = default;

base::Result<HttpAnswer> HttpClient::send(const HttpRequest& request, milliseconds timeout,
                                          const std::atomic<bool>* cancelled) {
  if (cancelled != nullptr && *cancelled) {
    return base::Error{ErrorCode::kUnavailable,
                       request.method + " " + target_.root + request.path + ": cancelled"};
  }
  const base::Instant deadline = std::chrono::steady_clock::now() + timeout;
  TRY(std::unique_ptr<Handle> handle, take(deadline));
  // At least a millisecond: libcurl takes 0 for "without end".
  const auto left =
      std::chrono::ceil<milliseconds>(deadline - std::chrono::steady_clock::now()).count();
  auto answer =
      handle->send(target_, request, milliseconds(std::max<std::int64_t>(left, 1)), cancelled);
  give_back(std::move(handle));
  return answer;
}

base::Result<std::unique_ptr<HttpClient::Handle>> HttpClient::take(base::Instant deadline) {
  std::unique_lock lock(mutex_);
  if (!returned_.wait_until(lock, deadline, [this] { return in_use_ < target_.connections_max; })) {
    return base::Error{ErrorCode::kDeadlineExceeded, target_.root + ": all " +
                                                         std::to_string(target_.connections_max) +
                                                         " connections were in use"};
  }
  ++in_use_;
  if (idle_.empty()) {
    lock.unlock();
    return std::make_unique<Handle>(target_);
  }
  std::unique_ptr<Handle> handle = std::move(idle_.back());
  idle_.pop_back();
  return handle;
}

void HttpClient::give_back(std::unique_ptr<Handle> handle) {
  {
    const std::lock_guard lock(mutex_);
    --in_use_;
    idle_.push_back(std::move(handle));
  }
  returned_.notify_one();
}

}  // namespace invoker_http
