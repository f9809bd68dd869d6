// Connections to other nodes, used again and bounded for each peer. A connection carries one
// conversation at a time, so a slow one holds up no other.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <vector>

#include "context.h"
#include "net.h"

namespace storage_ephemeral {

// By the loop's thread alone.
class ConnectionPool {
 public:
  explicit ConnectionPool(Context& context) : context_(context) {}
  ~ConnectionPool() { stop(); }
  ConnectionPool(const ConnectionPool&) = delete;
  ConnectionPool& operator=(const ConnectionPool&) = delete;

  // Whoever waits for a connection. It must give it back, or say that it is closed.
  class Client : public ConnectionUser {
   public:
    // This one is yours: ready() follows, or closed().
    virtual void connected(std::shared_ptr<Connection> connection) = 0;
  };
  // connected() comes at once or when another client gives one back; closed() when there is none.
  void acquire(const NodeName& peer, const std::shared_ptr<Client>& client);
  // Between two conversations; or closed, or not wanted any more.
  void give_back(const NodeName& peer, const std::shared_ptr<Connection>& connection, bool usable);
  void stop();

 private:
  struct Idle;
  struct Peer {
    std::vector<std::shared_ptr<Idle>> idle;
    std::size_t busy = 0;
    std::deque<std::weak_ptr<Client>> waiting;
  };

  void connect(const NodeName& peer, const std::shared_ptr<Client>& client);
  void hand_over(Peer& peer, const std::shared_ptr<Client>& client);

  Context& context_;
  std::map<NodeName, Peer> peers_;
};

}  // namespace storage_ephemeral
