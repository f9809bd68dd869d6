// What the parts of one node share.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "growth.h"
#include "hash_worker.h"
#include "net.h"
#include "storage/object_store.h"
#include "storage_ephemeral/node.h"

namespace storage_ephemeral {

struct Counters {
  std::atomic<std::uint64_t> bytes_sent{0}, bytes_received{0}, files_poisoned{0},
      names_published{0}, batches_published{0}, peers_refused{0}, resumed{0};
};

struct Context {
  Context(NodeSettings all, std::shared_ptr<const Identity> who, storage::ObjectStore& objects,
          const base::Clock& time, base::Logger logger)
      : settings(std::move(all)),
        identity(std::move(who)),
        store(objects),
        clock(time),
        log(std::move(logger)),
        growth(loop) {}

  const NodeSettings settings;
  const std::shared_ptr<const Identity> identity;
  storage::ObjectStore& store;
  const base::Clock& clock;
  const base::Logger log;
  Counters counters;
  EventLoop loop;
  GrowthWatch growth;
  HashWorker hasher;
};

}  // namespace storage_ephemeral
