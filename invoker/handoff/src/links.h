// The connections to other invokers: one to each, made by the one with the larger number, and made
// again when it breaks.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/log.h"
#include "base_net/connection.h"
#include "base_net/event_loop.h"
#include "invoker_handoff/handoff.h"
#include "invoker_handoff/message.h"

namespace invoker_handoff {

// By the loop's thread alone.
class Links {
 public:
  // Called on the loop's thread.
  class User {
   public:
    virtual ~User() = default;
    virtual void peer_up(int peer, std::uint64_t incarnation) = 0;
    virtual void peer_down(int peer) = 0;
    virtual void heard(int peer, Message message) = 0;
  };

  Links(base_net::EventLoop& loop, const HandoffConfig& config,
        std::shared_ptr<const base_net::Identity> identity, base::Logger log, User& user);
  ~Links();
  Links(const Links&) = delete;
  Links& operator=(const Links&) = delete;

  void listen(base::UniqueFd socket);
  void set_peers(const std::vector<PeerAddress>& peers);
  // Nothing where it is not up.
  void send(int number, const Message& message);
  void stop();

  bool is_up(int number) const;
  std::vector<PeerState> peers() const;
  std::uint64_t broken() const { return broken_; }
  std::uint64_t refused() const { return refused_; }

 private:
  class Link;
  struct Peer {
    base_net::Address address;
    bool known = false;          // it is to be called, or may call
    std::shared_ptr<Link> link;  // greeted
    std::shared_ptr<Link> calling;
    std::chrono::milliseconds pause{};
    base_net::EventLoop::Timer retry{};
    std::string trouble;
  };

  void accept();
  void call(int number);
  void call_later(int number);
  void greeted(const std::shared_ptr<Link>& link, std::uint64_t incarnation);
  void ended(const std::shared_ptr<Link>& link, const std::string& why);
  bool calls(int number) const { return number < config_.instance.id; }

  base_net::EventLoop& loop_;
  const HandoffConfig& config_;
  const std::shared_ptr<const base_net::Identity> identity_;
  const base::Logger log_;
  User& user_;
  base::UniqueFd listener_;
  std::map<int, Peer> peers_;
  std::map<Link*, std::shared_ptr<Link>> strangers_;  // that called and have not greeted
  std::uint64_t broken_ = 0, refused_ = 0;
};

}  // namespace invoker_handoff
