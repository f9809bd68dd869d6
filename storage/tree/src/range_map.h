// Which object holds which keys of the tree.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "keys.h"

namespace storage_tree {

struct RangeMap {
  std::uint64_t version = 0;
  std::map<std::string, std::string> objects{{"", kVolumeObject}};  // by the first key

  const std::string& object_of(const std::string& key) const {
    return std::prev(objects.upper_bound(key))->second;
  }
  // The first key after the range of `key`; "" where there is none.
  std::string end_of(const std::string& key) const {
    const auto next = objects.upper_bound(key);
    return next == objects.end() ? "" : next->first;
  }
};

}  // namespace storage_tree
