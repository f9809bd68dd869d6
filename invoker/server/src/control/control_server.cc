#include "invoker_server/control_server.h"

#include <utility>

#include "answers.h"
#include "invoker_server/http_server.h"

namespace invoker_server {
namespace {

// Nothing that is asked here has a body, and nobody has much to ask.
constexpr std::size_t kBodyBytesMax = 64u << 10;
constexpr unsigned kConnectionsMax = 256;
// Whoever has no credentials may not keep health checks out for long.
constexpr unsigned kConnectionsOfOneMax = 32;
constexpr std::chrono::seconds kHeaderTimeMax{5};

HttpServerConfig config_of(const ControlOptions& options) {
  HttpServerConfig config;
  config.address = options.address;
  config.port = options.port;
  config.threads = 1;
  config.connections_max = kConnectionsMax;
  config.connections_of_one_max = kConnectionsOfOneMax;
  config.body_bytes_max = kBodyBytesMax;
  config.header_time_max = kHeaderTimeMax;
  config.tls = options.tls;
  return config;
}

}  // namespace

class ControlServer::Impl {
 public:
  Impl(ControlOptions options, ControlCallbacks callbacks)
      : options_(std::move(options)), callbacks_(std::move(callbacks)) {}

  base::Status start() {
    TRY(server_,
        HttpServer::start(config_of(options_), [this](const Request& request, Responder responder) {
          responder.send(answer(request, options_, callbacks_));
        }));
    return {};
  }
  HttpServer& server() { return *server_; }

 private:
  const ControlOptions options_;
  const ControlCallbacks callbacks_;
  std::unique_ptr<HttpServer> server_;  // last: it calls into the others until it is gone
};

ControlServer::ControlServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ControlServer::~ControlServer() = default;

base::Result<std::unique_ptr<ControlServer>> ControlServer::start(const ControlOptions& options,
                                                                  ControlCallbacks callbacks) {
  auto impl = std::make_unique<Impl>(options, std::move(callbacks));
  TRY_STATUS(impl->start());
  return std::unique_ptr<ControlServer>(new ControlServer(std::move(impl)));
}

std::uint16_t ControlServer::port() const { return impl_->server().port(); }
void ControlServer::stop(std::chrono::milliseconds patience) { impl_->server().stop(patience); }

}  // namespace invoker_server
