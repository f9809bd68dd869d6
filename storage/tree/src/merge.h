// What a commit does to the keys of the tree: pure.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "volume.h"

namespace storage_tree {

struct TreeChange {
  KeyValues sets;
  std::int64_t keys = 0;    // more than before
  std::int64_t shared = 0;  // inode records more than before
};

// The keys whose new values depend on the old ones.
std::vector<std::string> merged_keys(const Commit& commit);

// Adds the commit's keys for which `belongs`. `value` gives the values by their places in
// Commit::values, wherever they are. `current` has what the merged keys hold, and is brought up to
// date. kDataLoss where one of these is damaged.
base::Status add_commit(const Commit& commit, CommitNumber number, CommitNumber horizon,
                        const std::function<bool(const std::string&)>& belongs,
                        const std::function<std::string(std::size_t)>& value, KeyValues& current,
                        TreeChange& change);

}  // namespace storage_tree
