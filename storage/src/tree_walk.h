// Going through all of a volume, within bounds.
#pragma once

#include <sys/stat.h>

#include <cstddef>
#include <cstdint>
#include <functional>

#include "base/result.h"

namespace storage {

// How deep a walk goes: it holds a descriptor for every level.
inline constexpr std::size_t kWalkDepthMax = 128;

// Sees `name` in the directory `parent_fd`, before what is in it; false ends the walk.
using Visit = std::function<bool(int parent_fd, const char* name, const struct stat& info)>;

// Visits what is below `directory_fd`, each directory before what it holds, links not followed.
// What vanishes meanwhile is left out. True when it went everywhere and no visit ended it.
bool walk_tree(int directory_fd, const Visit& visit);

struct TreeSize {
  std::int64_t bytes = 0;  // sum of the sizes of regular files
  std::int64_t files = 0;  // regular files
  bool complete = true;    // false: there is more than was seen
};

TreeSize measure_tree(int directory_fd, std::size_t entries_max);

// Gives everything to `uid`. kUnsupported where the tree is deeper than kWalkDepthMax.
base::Status change_owner(int directory_fd, uid_t uid);

}  // namespace storage
