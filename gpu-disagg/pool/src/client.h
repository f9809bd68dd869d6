// One invoker that is connected.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base_net/connection.h"
#include "gpu_pool/message.h"

namespace gpu_pool {

class Client;

// What the daemon does for its clients. Loop thread only.
class ClientService {
 public:
  virtual ~ClientService() = default;
  virtual void hear(Client& client, const Message& message) = 0;
  // Nothing comes from it any more; it is removed when this returns.
  virtual void left(Client& client) = 0;
};

class Client final : public base_net::ConnectionUser {
 public:
  Client(ClientService& service, base_net::EventLoop& loop, base::UniqueFd socket,
         std::shared_ptr<const base_net::Identity> identity, const std::string& node);
  ~Client() override { connection_->close(); }

  void start() { connection_->start(); }
  void send(const Message& message) { connection_->send(encode(message)); }
  const std::string& name() const { return name_; }

  void ready(const std::string& peer) override { name_ = peer; }
  base::Status take_frame(std::string_view frame) override;
  void drained() override {}
  void closed(const std::string& why) override;

 private:
  ClientService& service_;
  std::shared_ptr<base_net::Connection> connection_;
  std::string name_;
};

}  // namespace gpu_pool
