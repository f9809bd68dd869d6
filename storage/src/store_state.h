// What a VolumeStore and its open volumes share. It lives as long as any of them.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "base/unique_fd.h"
#include "storage/volume_store.h"
#include "tier_store.h"
#include "trash_worker.h"

namespace storage {

// The two names, encoded.
struct VolumeKey {
  std::string namespace_name;
  std::string name;

  auto operator<=>(const VolumeKey&) const = default;
};

base::Result<VolumeKey> encode_key(std::string_view namespace_name, std::string_view name);

// How often each volume is open, so that nobody removes one that is.
// Threads: any.
class UseCounts {
 public:
  void add(const VolumeKey& key);
  void drop(const VolumeKey& key);
  // Runs `action` if `key` is not in use, and nobody begins to use it meanwhile. kConflict if it
  // is.
  base::Status when_unused(const VolumeKey& key, const std::function<base::Status()>& action);

 private:
  std::mutex mutex_;
  std::map<VolumeKey, int> counts_;  // guarded by mutex_
};

// Threads: any; all but the parts that guard themselves is set before the store is shown to anyone.
struct StoreState {
  VolumeStoreOptions options;
  base::UniqueFd lock;  // first in, last out
  base::UniqueFd directory;
  std::unique_ptr<TierStore> durable;
  std::unique_ptr<TierStore> ephemeral;
  std::unique_ptr<TrashWorker> trash;
  UseCounts uses;

  TierStore& tier(hints::Tier tier) const {
    return tier == hints::Tier::kDurable ? *durable : *ephemeral;
  }
};

}  // namespace storage
