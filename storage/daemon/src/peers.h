// How the nodes of one store find and trust each other.
#pragma once

#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "storage/object_store.h"
#include "storage_ephemeral/node.h"

namespace storage_daemon {

// An object of the store has a key for each node, with its address and when it was last alive, and
// the key that proves who speaks: who can read it, can read and write all volumes anyway.
//
// Threads: any. What says so waits for the store.
class Peers {
 public:
  using NodeName = storage_ephemeral::NodeName;
  using NodeAddress = storage_ephemeral::NodeAddress;

  Peers(storage::ObjectStore& store, const base::Clock& clock, NodeName self,
        std::chrono::milliseconds lease)
      : store_(store), clock_(clock), self_(std::move(self)), lease_(lease) {}

  // The same for all; made by the first. Waits for the store.
  base::Result<std::string> shared_key();
  // That this node is at `address`, and alive. Waits for the store.
  base::Status announce(const NodeAddress& address);
  // Hears of others from now on. After announce(). Waits for the store.
  base::Status listen();
  // Takes in what was heard. Waits for the store when something was.
  base::Status look();

  std::optional<NodeAddress> address_of(const NodeName& node);
  // Other nodes that were alive lately.
  std::vector<NodeName> candidates() const;

 private:
  struct Peer {
    NodeAddress address;
    base::WallTime alive;
  };

  storage::ObjectStore& store_;
  const base::Clock& clock_;
  const NodeName self_;
  const std::chrono::milliseconds lease_;
  std::atomic<bool> heard_{true};
  mutable std::mutex mutex_;
  std::map<NodeName, Peer> peers_;  // guarded by mutex_
  std::unique_ptr<storage::Watch> watch_;
};

}  // namespace storage_daemon
