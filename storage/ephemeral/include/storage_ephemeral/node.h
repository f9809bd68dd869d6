// The ephemeral files of one node: its volumes, what it serves to other nodes and fetches from
// them.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"
#include "base_net/identity.h"
#include "base_net/sockets.h"
#include "storage/object_store.h"
#include "storage_ephemeral/file_state.h"
#include "storage_ephemeral/volume.h"

namespace storage_ephemeral {

using base_net::SharedKey;
using base_net::TlsFiles;
using base_net::Trust;
using NodeAddress = base_net::Address;

struct NodeSettings {
  NodeName name;
  NodeAddress listen;  // port 0: any
  Trust trust;
  // Where another node can be asked; nothing where it is unknown. Any thread, must not block.
  std::function<std::optional<NodeAddress>(const NodeName&)> address_of;
  // Nodes for second copies, the best first. Any thread, must not block.
  std::function<std::vector<NodeName>()> copy_candidates;
  std::chrono::milliseconds publish_after{5};  // names wait so long for company
  // While names are looked at, this node asks the store so often whether it was not told of some.
  std::chrono::milliseconds look_after{250};
  std::chrono::milliseconds patience{5000};   // for a holder that does not answer
  std::chrono::milliseconds heartbeat{1000};  // of a stream on which nothing grows
  std::size_t connections_per_peer_max = 64;
  std::size_t connections_max = 1024;
};

struct NodeMetrics {
  std::uint64_t bytes_sent = 0, bytes_received = 0, files_poisoned = 0, names_published = 0,
                batches_published = 0, peers_refused = 0, resumed = 0;
};

// Threads: any method from any thread. One thread for events (sockets, growth, parked reads,
// publication) and one for checksums. Volumes must not be used after it. Destruction answers what
// is parked with kUnavailable and leaves files and names as a crash would: what is unfinished is
// for the next start to decide.
class Node {
 public:
  // `store` and `log` outlive it. Errors: kInvalidArgument, kUnavailable (the port is taken).
  static base::Result<std::unique_ptr<Node>> start(NodeSettings settings,
                                                   storage::ObjectStore& store,
                                                   const base::Clock& clock, base::Logger log);
  virtual ~Node() = default;

  virtual std::uint16_t port() const = 0;

  // The volume's ephemeral files, with their bytes in `directory` (absolute, only for this).
  // Settles what a crash has left there: files that were being written by attempts other than
  // `alive` are poisoned, what has no name any more is removed. Blocks for the store. Errors: the
  // store's, and kInvalidArgument where the volume is attached already.
  virtual base::Result<std::shared_ptr<Volume>> attach(const std::string& volume,
                                                       const std::string& directory,
                                                       const std::vector<Attempt>& alive) = 0;
  // Forgets the volume here; files and names stay. The handle answers kUnavailable from then on.
  virtual void detach(const std::string& volume) = 0;

  // That node will not come back: what it was writing is poisoned, and what only it held is gone.
  virtual void node_lost(const NodeName& node) = 0;

  virtual NodeMetrics metrics() const = 0;
};

}  // namespace storage_ephemeral
