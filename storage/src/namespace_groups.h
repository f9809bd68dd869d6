// What the volumes of a namespace, and of all namespaces, may hold together in one tier. The kernel
// keeps it: a btrfs quota group of level 1 for each namespace, around the volumes' own ones, and
// one of level 2 around them all.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>

#include "base/result.h"

namespace storage {

struct TierBounds {
  std::int64_t all_bytes = 0;        // of all namespaces
  std::int64_t namespace_bytes = 0;  // of each
};

// What an image of `image_bytes` can hold for users. The rest is room for what the file system
// keeps for itself, without which nothing could be made or removed any more.
std::int64_t usable_bytes(std::int64_t image_bytes);

// Threads: any. The file system's root outlives it.
class NamespaceGroups {
 public:
  NamespaceGroups(int root_fd, TierBounds bounds) : root_fd_(root_fd), bounds_(bounds) {}

  // Makes and bounds the group around all others. First of all.
  base::Status prepare() const;

  // Counts the subvolume, which may hold something already, in its namespace from now on.
  // `directory_fd` is the namespace's directory.
  base::Status add(const std::string& namespace_name, int directory_fd, std::uint64_t subvolume);

 private:
  base::Result<std::uint64_t> group_of(const std::string& namespace_name, int directory_fd);

  int root_fd_;
  TierBounds bounds_;
  std::mutex mutex_;                             // guards groups_
  std::map<std::string, std::uint64_t> groups_;  // those that are made and bounded
};

}  // namespace storage
