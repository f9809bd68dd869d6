#include "connection_pool.h"

#include <algorithm>
#include <utility>

namespace storage_ephemeral {
namespace {

constexpr std::size_t kIdlePerPeerMax = 8;

}  // namespace

// Nobody uses it: whatever comes in ends it.
struct ConnectionPool::Idle final : ConnectionUser {
  std::shared_ptr<Connection> connection;
  NodeName peer;

  void ready(const NodeName&) override {}
  // The last frames of a conversation that ended early would do no harm, but none are due.
  void received(const Frame&) override { connection->close(); }
  void drained() override {}
  void closed(const std::string&) override {}
};

void ConnectionPool::acquire(const NodeName& name, const std::shared_ptr<Client>& client) {
  Peer& peer = peers_[name];
  std::erase_if(peer.idle, [](const auto& idle) { return !idle->connection->open(); });
  if (!peer.idle.empty()) return hand_over(peer, client);
  if (peer.busy >= context_.settings.connections_per_peer_max) {
    peer.waiting.push_back(client);
    return;
  }
  connect(name, client);
}

void ConnectionPool::hand_over(Peer& peer, const std::shared_ptr<Client>& client) {
  const std::shared_ptr<Idle> idle = std::move(peer.idle.back());
  peer.idle.pop_back();
  ++peer.busy;
  idle->connection->hand_to(*client);
  client->connected(idle->connection);
  client->ready(idle->peer);
}

void ConnectionPool::connect(const NodeName& name, const std::shared_ptr<Client>& client) {
  const auto address = context_.settings.address_of(name);
  auto socket = address ? base_net::connect_to(*address)
                        : base::Error{base::ErrorCode::kNotFound, "no address of node " + name};
  if (!socket.ok()) {
    context_.loop.post([client = std::weak_ptr(client), why = socket.error().message] {
      if (const auto alive = client.lock()) alive->closed(why);
    });
    return;
  }
  ++peers_[name].busy;
  const ConnectionSettings settings{.protocol = transfer_protocol(),
                                    .side = Side::kCaller,
                                    .self = context_.settings.name,
                                    .peer = name};
  const auto connection = std::make_shared<Connection>(context_.loop, std::move(*socket),
                                                       context_.identity, settings, *client);
  client->connected(connection);
  connection->start();
}

void ConnectionPool::give_back(const NodeName& name, const std::shared_ptr<Connection>& connection,
                               bool usable) {
  Peer& peer = peers_[name];
  --peer.busy;
  if (usable && connection->open() && peer.idle.size() < kIdlePerPeerMax) {
    const auto idle = std::make_shared<Idle>();
    idle->connection = connection;
    idle->peer = name;
    connection->hand_to(*idle);
    peer.idle.push_back(idle);
  } else {
    connection->close();
  }
  while (!peer.waiting.empty()) {
    const auto next = peer.waiting.front().lock();
    peer.waiting.pop_front();
    if (next != nullptr) return acquire(name, next);
  }
}

void ConnectionPool::stop() {
  for (auto& [name, peer] : peers_) {
    for (const auto& idle : peer.idle) idle->connection->close();
  }
  peers_.clear();
}

}  // namespace storage_ephemeral
