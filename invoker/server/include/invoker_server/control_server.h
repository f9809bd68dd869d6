// The invoker's HTTP endpoints: /ping, /metrics, /ready, /enable, /disable, /isEnabled.
//
// Statuses and bodies are those of OpenWhisk's invoker; /ready is ours.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "invoker_server/tls.h"

namespace invoker_server {

struct ControlOptions {
  std::string address = "0.0.0.0";  // IPv4
  std::uint16_t port = 8080;        // 0: any free one
  std::optional<TlsOptions> tls;    // none: plain HTTP
  std::string username = "invoker.user";
  std::string password = "invoker.pass";
  std::string transaction_header = "X-Request-ID";
};

// One thing that must work for the invoker to serve.
struct Check {
  std::string name;  // "kafka", "database", "docker"
  bool ok = false;
  std::string error;     // the last one; stays when the check is well again
  base::WallTime since;  // of the present state
};

// What the endpoints ask and tell. All may be called from the server's threads, several at once,
// and must return soon.
struct ControlCallbacks {
  // As answers name it: "invoker0/name". An invoker may get its number after the server is there.
  std::function<std::string()> instance;
  // True when this call changed it; false when it was so before.
  std::function<bool()> enable;
  std::function<bool()> disable;
  std::function<bool()> is_enabled;
  std::function<std::string()> metrics;       // Prometheus text 0.0.4
  std::function<std::vector<Check>()> ready;  // in the order in which they are shown
};

// Threads: any method from any thread, except stop(), which is called once.
class ControlServer {
 public:
  // Serves when it returns. Errors: kAlreadyExists when the port is taken; kInvalidArgument for the
  // address, and for a keystore that cannot be read, with the reason (a wrong password is one).
  static base::Result<std::unique_ptr<ControlServer>> start(const ControlOptions& options,
                                                            ControlCallbacks callbacks);
  // Stops without patience if stop() was not called.
  ~ControlServer();
  ControlServer(const ControlServer&) = delete;
  ControlServer& operator=(const ControlServer&) = delete;

  std::uint16_t port() const;

  // Takes no more connections and lets requests under way end, up to `patience`. No callback runs
  // after it returns.
  void stop(std::chrono::milliseconds patience);

 private:
  class Impl;
  explicit ControlServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace invoker_server
