// Takes away, behind the horizon, the versions that no snapshot can see, and the log.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "log.h"
#include "volume.h"

namespace storage_tree {

class Pruner {
 public:
  Pruner(Volume& volume, Log& log) : volume_(volume), log_(log) {}

  // A bounded number of commits, up to `floor`.
  base::Status prune(CommitNumber floor, CollectReport& report);

 private:
  struct DataId {
    InodeNumber inode;
    std::string writer;
    auto operator<=>(const DataId&) const = default;
  };
  // What goes with one or several commits.
  struct Plan {
    std::vector<std::string> removals;     // keys of the tree
    std::vector<std::string> log;          // keys of commits
    std::map<DataId, std::uint64_t> data;  // how many objects
    std::int64_t shared = 0;               // inode records
    std::uint64_t versions = 0;
  };
  struct Fate;

  base::Status plan(CommitNumber number, const Commit& commit, const RangeMap& map, Plan& plan);
  static void keep_or_drop(const Entry& entry, Fate& fate);
  base::Status plan_shared(CommitNumber number, const Commit& commit, const KeyValues& values,
                           Fate& fate, Plan& plan);
  base::Status carry_out(const Plan& plan, CommitNumber horizon, const RangeMap& map,
                         CommitNumber from);
  base::Status remove_in(const std::string& object, const std::vector<std::string>& keys);
  base::Status finish(const Plan& plan, const std::vector<std::string>& own, CommitNumber horizon,
                      CommitNumber from, std::uint64_t map_version);

  Volume& volume_;
  Log& log_;
};

}  // namespace storage_tree
