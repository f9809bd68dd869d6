// The node's ephemeral files: its part of the cluster, and what it has of each volume.
#pragma once

#include <filesystem>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"
#include "peers.h"
#include "storage/object_store.h"
#include "storage_attempts/byte_budget.h"
#include "storage_daemon/daemon.h"
#include "storage_ephemeral/node.h"

namespace storage_daemon {

// Threads: any. Time: methods may wait for the store.
class EphemeralTier {
 public:
  using Volume = storage_ephemeral::Volume;

  // Files are below `directory`. Errors: the store's; kInvalidArgument, kUnavailable of the
  // address.
  static base::Result<std::unique_ptr<EphemeralTier>> start(const DaemonOptions& options,
                                                            storage::ObjectStore& store,
                                                            const base::Clock& clock,
                                                            base::Logger log);

  // The volume's files, by the space of its objects. The first time, those of attempts that are not
  // `alive` end as a crash ends them.
  base::Result<std::shared_ptr<Volume>> attach(
      const std::string& space, const std::vector<storage_ephemeral::Attempt>& alive = {});
  // What activations with this quota may add to the volume's files here. One for all of them.
  std::shared_ptr<storage_attempts::ByteBudget> budget(const std::string& space,
                                                       std::uint64_t bytes_max);
  // All files of the volume end.
  base::Status remove(const std::string& space);
  // Spaces that something was left of by an earlier daemon.
  std::vector<std::string> left() const;

  // To be called every lease / 4, and often.
  base::Status announce() { return peers_->announce(address_); }
  base::Status look() { return peers_->look(); }
  storage_ephemeral::NodeMetrics metrics() const { return node_->metrics(); }

 private:
  EphemeralTier(std::filesystem::path directory, std::unique_ptr<Peers> peers)
      : directory_(std::move(directory)), peers_(std::move(peers)) {}

  const std::filesystem::path directory_;
  const std::unique_ptr<Peers> peers_;
  storage_ephemeral::NodeAddress address_;
  std::unique_ptr<storage_ephemeral::Node> node_;
  std::map<std::pair<std::string, std::uint64_t>, std::weak_ptr<storage_attempts::ByteBudget>>
      budgets_;                                             // guarded by mutex_
  std::mutex mutex_;                                        // held while a volume is attached
  std::map<std::string, std::shared_ptr<Volume>> volumes_;  // guarded by mutex_
};

// Something that was started and answers later.
class Pending {
 public:
  explicit Pending(const std::function<void(storage_ephemeral::DoneStatus)>& start);
  // Once. kDeadlineExceeded after half a minute: it will happen all the same.
  base::Status wait();

 private:
  std::future<base::Status> answer_;
};
inline base::Status wait_for(const std::function<void(storage_ephemeral::DoneStatus)>& start) {
  return Pending(start).wait();
}

}  // namespace storage_daemon
