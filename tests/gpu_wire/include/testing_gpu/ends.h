// Two connected ends in one process, over each kind of transport.
#pragma once

#include <sys/socket.h>

#include <memory>
#include <string>
#include <thread>

#include "base/check.h"
#include "gpu_wire/endpoint.h"
#include "testing/scratch_folder.h"

namespace testing_gpu {

struct Ends {
  std::unique_ptr<gpu_wire::Transport> client, server;
};

// A server's listening socket and the endpoint under which clients find it; `kind` is unix, ring or
// tcp.
class Listener {
 public:
  explicit Listener(const std::string& kind) {
    const std::string place = kind == "tcp" ? "127.0.0.1:0" : (folder_.path() / "s").string();
    endpoint_ = gpu_wire::parse_endpoint(kind + ":" + place).value();
    fd_ = gpu_wire::listen(endpoint_).value();
    if (kind == "tcp") endpoint_.port = gpu_wire::port_of(fd_.get()).value();
  }

  const gpu_wire::Endpoint& endpoint() const { return endpoint_; }
  std::string text() const {
    if (endpoint_.kind == gpu_wire::Endpoint::Kind::kTcp)
      return "tcp:127.0.0.1:" + std::to_string(endpoint_.port);
    return (endpoint_.kind == gpu_wire::Endpoint::Kind::kRing ? "ring:" : "unix:") +
           endpoint_.place;
  }
  int fd() const { return fd_.get(); }

  std::unique_ptr<gpu_wire::Transport> accept() {
    const int accepted = ::accept4(fd_.get(), nullptr, nullptr, SOCK_CLOEXEC);
    CHECK(accepted >= 0);
    return gpu_wire::welcome_transport(accepted, std::chrono::seconds(10)).value();
  }

 private:
  testing_support::ScratchFolder folder_;
  gpu_wire::Endpoint endpoint_;
  base::UniqueFd fd_;
};

inline Ends make_ends(const std::string& kind) {
  Listener listener(kind);
  Ends ends;
  // A plain unix connection is told from one that wants rings by its first bytes.
  std::thread server([&] { ends.server = listener.accept(); });
  ends.client = gpu_wire::connect(listener.endpoint(), std::chrono::seconds(10)).value();
  const std::byte first{0x2a};
  CHECK(ends.client->send({&first, 1}, {}).ok());
  server.join();
  std::byte taken{};
  CHECK(ends.server->receive({&taken, 1}).value() == 1 && taken == first);
  return ends;
}

}  // namespace testing_gpu
