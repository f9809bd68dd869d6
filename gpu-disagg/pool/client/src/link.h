// The connection to one daemon, made again when it breaks.
#pragma once

#include <future>
#include <map>
#include <memory>
#include <string>

#include "base/log.h"
#include "base_net/connection.h"
#include "gpu_pool_client/pool_client.h"

namespace gpu_pool_client {

using Reply = base::Result<gpu_pool::Message>;

// Threads: say() from any; the rest by the loop's.
class Link final : public base_net::ConnectionUser {
 public:
  Link(base_net::EventLoop& loop, std::string self, DaemonAddress daemon,
       std::shared_ptr<const base_net::Identity> identity, const base::Logger& log);

  void connect();
  void stop();

  // What the daemon answers under this ticket; kUnavailable when it is not there, or goes.
  std::future<Reply> say(gpu_pool::Ticket ticket, gpu_pool::Message message);

  void ready(const std::string& peer) override;
  base::Status take_frame(std::string_view frame) override;
  void drained() override {}
  void closed(const std::string& why) override;

 private:
  void say_now(gpu_pool::Ticket ticket, const gpu_pool::Message& message,
               std::promise<Reply> promise);
  void connect_later(const std::string& why);
  base::Error away() const;

  base_net::EventLoop& loop_;
  const std::string self_;
  const DaemonAddress daemon_;
  const std::shared_ptr<const base_net::Identity> identity_;
  const base::Logger& log_;
  std::shared_ptr<base_net::Connection> connection_;
  bool ready_ = false;
  std::string why_away_ = "it was not reached yet";
  std::chrono::milliseconds pause_;
  std::map<gpu_pool::Ticket, std::promise<Reply>> waiting_;
  std::map<gpu_pool::Ticket, gpu_pool::Ended> ended_;  // before anybody asked
};

}  // namespace gpu_pool_client
