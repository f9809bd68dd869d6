#include "connection.h"

#include <sys/socket.h>

#include <algorithm>
#include <string_view>

#include "base/check.h"

namespace invoker_http {
namespace {

using invoker::CallError;

// Never freed: runtimes are called until the process ends.
curl_slist* request_headers() {
  static curl_slist* const kHeaders = [] {
    curl_slist* headers = nullptr;
    // Without "Expect", a large body would first wait a second for a "100 Continue" that simple
    // runtimes never send.
    for (const char* line :
         {"Content-Type: application/json", "Accept: application/json", "Expect:"})
      headers = curl_slist_append(headers, line);
    CHECK(headers != nullptr);
    return headers;
  }();
  return kHeaders;
}

// A runtime is on this host or beside it: where no answer comes to the first packet, nobody is
// there. The kernel would look for the owner of an address for three seconds.
constexpr std::chrono::milliseconds kConnectMax{1'000};

constexpr std::chrono::milliseconds kLastWords{500};

std::string root_of(const Endpoint& endpoint) {
  if (!endpoint.unix_socket.empty()) return "http://localhost";
  const bool is_v6 = endpoint.host.find(':') != std::string::npos;
  const std::string host = is_v6 ? "[" + endpoint.host + "]" : endpoint.host;
  return "http://" + host + ":" + std::to_string(endpoint.port);
}

}  // namespace

Connection::Connection(const Endpoint& endpoint, const RuntimeClient::Wait& wait,
                       unsigned generation)
    : root_(root_of(endpoint)), wait_(wait), generation_(generation), handle_(new_handle()) {
  set(handle_.get(), CURLOPT_HTTPHEADER, request_headers());
  set_once(endpoint);
}

void Connection::set_once(const Endpoint& endpoint) {
  CURL* const handle = handle_.get();
  if (!endpoint.unix_socket.empty())
    set(handle, CURLOPT_UNIX_SOCKET_PATH, endpoint.unix_socket.c_str());
  set(handle, CURLOPT_PROTOCOLS_STR, "http");
  set(handle, CURLOPT_HTTP_VERSION, long{CURL_HTTP_VERSION_1_1});
  set(handle, CURLOPT_PROXY, "");  // also keeps libcurl from asking the environment
  set(handle, CURLOPT_NOSIGNAL, 1L);
  set(handle, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(kConnectMax.count()));
  set(handle, CURLOPT_POST, 1L);
  set(handle, CURLOPT_HEADERFUNCTION, &Connection::on_header);
  set(handle, CURLOPT_WRITEFUNCTION, &Connection::on_body);
  if (wait_) {
    set(handle, CURLOPT_XFERINFOFUNCTION, &Connection::on_progress);
    set(handle, CURLOPT_XFERINFODATA, this);
    set(handle, CURLOPT_NOPROGRESS, 0L);
  }
  set(handle, CURLOPT_PREREQFUNCTION, &Connection::on_ready);
  set(handle, CURLOPT_PREREQDATA, this);
  set(handle, CURLOPT_OPENSOCKETFUNCTION, &Connection::on_open);
  set(handle, CURLOPT_OPENSOCKETDATA, this);
}

void Connection::set_path(const std::string& path) {
  if (path == path_) return;
  set(handle_.get(), CURLOPT_URL, (root_ + path).c_str());
  path_ = path;
}

CallError Connection::exchange(const std::string& path, const std::string& body,
                               std::chrono::milliseconds time, Call& call) {
  CURL* const handle = handle_.get();
  set_path(path);
  set(handle, CURLOPT_POSTFIELDS, body.data());
  set(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
  set(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(time.count()));
  set(handle, CURLOPT_HEADERDATA, &call);
  set(handle, CURLOPT_WRITEDATA, &call);
  sent_ = false;
  return error_of(curl_easy_perform(handle), time);
}

bool Connection::opens() {
  set_path("/");
  set(handle_.get(), CURLOPT_CONNECT_ONLY, 1L);
  return curl_easy_perform(handle_.get()) == CURLE_OK;
}

std::size_t Connection::on_header(char* data, std::size_t size, std::size_t count, void* call) {
  static_cast<Call*>(call)->header({data, size * count});
  return size * count;
}

std::size_t Connection::on_body(char* data, std::size_t size, std::size_t count, void* call) {
  static_cast<Call*>(call)->body({data, size * count});
  return size * count;
}

// Called for each piece of an answer, and every second. A runtime's end closes its connections;
// where the word of that got lost with its network, nothing would come until the deadline. What
// came before the end is read first.
int Connection::on_progress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  auto& connection = *static_cast<Connection*>(self);
  const base::Instant now = std::chrono::steady_clock::now();
  if (!connection.ended_ && !connection.wait_(base::milliseconds(0))) connection.ended_ = now;
  return connection.ended_ && now - *connection.ended_ > kLastWords ? 1 : 0;
}

// Called when there is a connection, new or kept, and the request is about to be sent on it.
int Connection::on_ready(void* self, char*, char*, int, int) {
  static_cast<Connection*>(self)->sent_ = true;
  return CURL_PREREQFUNC_OK;
}

// When a kept connection breaks before an answer, libcurl sends the request again on a new one. The
// action may already be running then, so no second connection is opened once something was sent.
curl_socket_t Connection::on_open(void* self, curlsocktype, curl_sockaddr* address) {
  if (static_cast<Connection*>(self)->sent_) return CURL_SOCKET_BAD;
  return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

CallError Connection::error_of(CURLcode code, std::chrono::milliseconds time) const {
  switch (code) {
    case CURLE_OK:
      return CallError::kNone;
    case CURLE_OPERATION_TIMEDOUT:
      // Before the time was over, only the connection can have taken too long.
      return !sent_ && time > kConnectMax ? CallError::kConnectionRefused : CallError::kTimeout;
    case CURLE_COULDNT_CONNECT:
    case CURLE_COULDNT_RESOLVE_HOST:
      return sent_ ? CallError::kConnectionLost : CallError::kConnectionRefused;
    default:
      return CallError::kConnectionLost;
  }
}

}  // namespace invoker_http
