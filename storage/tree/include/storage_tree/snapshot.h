// A volume as it was at one commit.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "storage/tree.h"

namespace storage_tree {

using storage::CommitNumber;
using storage::Content;
using storage::Entry;
using storage::InodeNumber;
using storage::NameKey;

struct Listing {
  std::vector<std::pair<std::string, Entry>> names;  // sorted by their bytes
  bool more = false;                                 // others follow
};

// A promise that the values of one commit stay readable; copies share it. While one is held on any
// node whose session is alive, nothing that it can see is collected.
class Snapshot {
 public:
  class Pin;

  explicit Snapshot(std::shared_ptr<const Pin> pin);
  CommitNumber number() const;
  const Pin& pin() const { return *pin_; }

 private:
  std::shared_ptr<const Pin> pin_;
};

}  // namespace storage_tree
