#include "invoker_server/http_server.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "base/unique_fd.h"
#include "connection_watch.h"
#include "exchange.h"
#include "tls/tls_server.h"

namespace invoker_server {
namespace {

constexpr int kBacklog = 1024;
constexpr std::size_t kConnectionMemoryBytes = 32u << 10;  // request line and headers fit in here
constexpr std::chrono::milliseconds kSweepEvery{500};
constexpr std::chrono::milliseconds kFlushTimeMax{500};  // for the last answers, when stopping
constexpr unsigned kSilenceSecondsMax = 120;             // nothing moves at all

base::Result<base::UniqueFd> listen_on(const HttpServerConfig& config) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(config.port);
  if (inet_pton(AF_INET, config.address.c_str(), &address.sin_addr) != 1) {
    return base::Error{base::ErrorCode::kInvalidArgument,
                       "'" + config.address + "' is no IPv4 address"};
  }
  const std::string what = "cannot listen on " + config.address + ":" + std::to_string(config.port);
  base::UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return base::error_from_errno(errno, what);
  const int on = 1;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    if (errno != EADDRINUSE) return base::error_from_errno(errno, what);
    return base::Error{base::ErrorCode::kAlreadyExists, what + ": the port is taken"};
  }
  if (::listen(fd.get(), kBacklog) != 0) return base::error_from_errno(errno, what);
  return fd;
}

std::uint16_t port_of(int fd) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  CHECK(::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  return ntohs(address.sin_port);
}

}  // namespace

// The library's callbacks, and what they share. `closure` is always the Impl.
class HttpServer::Impl {
 public:
  Impl(const HttpServerConfig& config, std::optional<TlsServer> tls, HttpHandler handler)
      : config_(config), tls_(std::move(tls)), handler_(std::move(handler)), watch_(config) {}
  ~Impl() { stop(std::chrono::milliseconds(0)); }

  base::Status start(base::UniqueFd listener);
  base::Status adopt(int fd);
  void stop(std::chrono::milliseconds patience);
  std::uint16_t port() const { return port_; }

 private:
  using ExchangePtr = std::shared_ptr<Exchange>;

  static void* on_request_line(void* closure, const char* target, MHD_Connection* connection);
  static MHD_Result on_request(void* closure, MHD_Connection* connection, const char* url,
                               const char* method, const char* version, const char* data,
                               std::size_t* size, void** context);
  static void on_end(void* closure, MHD_Connection* connection, void** context,
                     MHD_RequestTerminationCode why);
  static void on_connection(void* closure, MHD_Connection* connection, void** context,
                            MHD_ConnectionNotificationCode what);

  void sweep_until_stopped();
  void wait_for_clients(std::chrono::milliseconds patience);

  const HttpServerConfig config_;
  std::optional<TlsServer> tls_;
  const HttpHandler handler_;
  ConnectionWatch watch_;
  WaitingExchanges waiting_;
  std::uint16_t port_ = 0;
  MHD_Daemon* daemon_ = nullptr;
  base::UniqueFd listener_;

  std::mutex mutex_;  // guards stopping_
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread sweeper_;
};

void* HttpServer::Impl::on_request_line(void* /*closure*/, const char* target,
                                        MHD_Connection* /*connection*/) {
  return new ExchangePtr(std::make_shared<Exchange>(target));
}

MHD_Result HttpServer::Impl::on_request(void* closure, MHD_Connection* connection,
                                        const char* /*url*/, const char* method,
                                        const char* version, const char* data, std::size_t* size,
                                        void** context) {
  auto& self = *static_cast<Impl*>(closure);
  Exchange& exchange = **static_cast<ExchangePtr*>(*context);
  if (!exchange.begun()) {
    const auto* info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    auto* watch = static_cast<WatchedConnection*>(info->socket_context);
    exchange.begin(connection, method, version, watch, self.config_.body_bytes_max);
    if (!exchange.is_malformed()) return MHD_YES;
    return exchange.refuse(self.handler_) ? MHD_YES : MHD_NO;
  }
  if (*size > 0) {
    const bool go_on = exchange.receive(data, *size);
    *size = 0;
    return go_on ? MHD_YES : MHD_NO;
  }
  if (!exchange.worked()) exchange.work(self.handler_, self.waiting_);
  return exchange.send_answer() ? MHD_YES : MHD_NO;
}

void HttpServer::Impl::on_end(void* /*closure*/, MHD_Connection* /*connection*/, void** context,
                              MHD_RequestTerminationCode /*why*/) {
  const std::unique_ptr<ExchangePtr> exchange(static_cast<ExchangePtr*>(*context));
  *context = nullptr;
  if (exchange != nullptr && (*exchange)->watch() != nullptr) {
    (*exchange)->watch()->enter(WatchedConnection::Phase::kHeaders);
  }
}

void HttpServer::Impl::on_connection(void* closure, MHD_Connection* connection, void** context,
                                     MHD_ConnectionNotificationCode what) {
  auto& self = *static_cast<Impl*>(closure);
  if (what == MHD_CONNECTION_NOTIFY_STARTED) {
    const auto* info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    *context = self.watch_.add(info->connect_fd);
    if (self.tls_) self.tls_->prepare(connection);
  } else {
    self.watch_.remove(static_cast<WatchedConnection*>(*context));
    *context = nullptr;
  }
}

base::Status HttpServer::Impl::start(base::UniqueFd listener) {
  listener_ = std::move(listener);
  port_ = port_of(listener_.get());
  // With epoll, which is edge-triggered there, libmicrohttpd 0.9.75 now and then misses the request
  // that follows an answer of a resumed connection; 512 connections a thread are few for poll.
  unsigned flags = MHD_USE_POLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC;
  std::vector<MHD_OptionItem> tls = {{MHD_OPTION_END, 0, nullptr}};
  if (tls_) {
    flags |= MHD_USE_TLS;
    tls = tls_->options();
  }
  daemon_ = MHD_start_daemon(flags, 0, nullptr, nullptr, &Impl::on_request, this,  //
                             MHD_OPTION_LISTEN_SOCKET, listener_.get(),            //
                             MHD_OPTION_THREAD_POOL_SIZE, config_.threads > 1 ? config_.threads : 0,
                             MHD_OPTION_CONNECTION_LIMIT, config_.connections_max,  //
                             MHD_OPTION_PER_IP_CONNECTION_LIMIT, config_.connections_of_one_max,
                             MHD_OPTION_CONNECTION_MEMORY_LIMIT, kConnectionMemoryBytes,  //
                             MHD_OPTION_CONNECTION_TIMEOUT, kSilenceSecondsMax,           //
                             MHD_OPTION_URI_LOG_CALLBACK, &Impl::on_request_line, this,   //
                             MHD_OPTION_NOTIFY_COMPLETED, &Impl::on_end, this,            //
                             MHD_OPTION_NOTIFY_CONNECTION, &Impl::on_connection, this,    //
                             MHD_OPTION_ARRAY, tls.data(),                                //
                             MHD_OPTION_END);
  if (daemon_ == nullptr) {
    return base::Error{base::ErrorCode::kUnavailable, "cannot start the HTTP server"};
  }
  sweeper_ = std::thread([this] { sweep_until_stopped(); });
  return {};
}

base::Status HttpServer::Impl::adopt(int fd) {
  sockaddr_in nobody{};
  nobody.sin_family = AF_INET;
  if (MHD_add_connection(daemon_, fd, reinterpret_cast<const sockaddr*>(&nobody), sizeof nobody) ==
      MHD_YES) {
    return {};
  }
  return base::Error{base::ErrorCode::kUnavailable, "the HTTP server takes no more connections"};
}

void HttpServer::Impl::sweep_until_stopped() {
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, kSweepEvery, [this] { return stopping_; })) {
    watch_.sweep(std::chrono::steady_clock::now());
  }
}

void HttpServer::Impl::wait_for_clients(std::chrono::milliseconds patience) {
  const base::Instant deadline = std::chrono::steady_clock::now() + patience;
  while (std::chrono::steady_clock::now() < deadline) {
    watch_.shut_idle();
    if (watch_.count() == 0) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

void HttpServer::Impl::stop(std::chrono::milliseconds patience) {
  if (daemon_ == nullptr) return;
  MHD_quiesce_daemon(daemon_);
  listener_.reset();
  wait_for_clients(patience);
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  sweeper_.join();
  // The library must not be stopped while a connection is suspended.
  for (const auto& exchange : waiting_.close()) exchange->answer(Exchange::stopping());
  wait_for_clients(kFlushTimeMax);
  MHD_stop_daemon(daemon_);
  daemon_ = nullptr;
}

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpServer::~HttpServer() = default;

base::Result<std::unique_ptr<HttpServer>> HttpServer::start(const HttpServerConfig& config,
                                                            HttpHandler handler) {
  std::optional<TlsServer> tls;
  if (config.tls) {
    TRY(Keystore keystore, read_keystore(*config.tls));
    tls.emplace(std::move(keystore), config.tls->client_certificate);
  }
  TRY(base::UniqueFd listener, listen_on(config));
  auto impl = std::make_unique<Impl>(config, std::move(tls), std::move(handler));
  TRY_STATUS(impl->start(std::move(listener)));
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

std::uint16_t HttpServer::port() const { return impl_->port(); }
base::Status HttpServer::adopt(int fd) { return impl_->adopt(fd); }
void HttpServer::stop(std::chrono::milliseconds patience) { impl_->stop(patience); }

}  // namespace invoker_server
