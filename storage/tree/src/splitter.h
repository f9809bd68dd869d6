// Divides a metadata object that has grown large: the upper half of its keys gets an object of its
// own.
//
// Threads: any method from any thread, on any node: of several, one succeeds.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "log.h"
#include "volume.h"

namespace storage_tree {

class Splitter {
 public:
  Splitter(Volume& volume, Log& log) : volume_(volume), log_(log) {}

  // Divides one that is too large, if there is one. Gives how many: 0 or 1.
  base::Result<std::uint64_t> split_one();

 private:
  struct Job {
    std::string from, to;    // objects
    std::string start, end;  // keys that move; "": no end
    std::string mark;        // of `to`, while it is made
    std::int64_t keys = 0;
    CommitNumber copied = 0;  // `to` has what was committed up to here
    CommitNumber horizon = 0;
  };
  base::Result<std::optional<Job>> find(const VolumeState& state, const RangeMap& map);
  base::Status correct(const std::string& object, const std::string& raw, ShardState shard,
                       std::int64_t keys);
  base::Result<std::vector<std::string>> groups_of(const std::string& object,
                                                   const std::string& start,
                                                   const std::string& end);
  static std::string middle(const std::vector<std::string>& groups);
  base::Status mark(const Job& job);
  base::Status copy(Job& job);
  base::Status copy_new(Job& job, CommitNumber to);
  base::Status put(Job& job, KeyValues values);
  base::Result<bool> switch_over(Job& job, std::uint64_t map_version);

  Volume& volume_;
  Log& log_;
};

}  // namespace storage_tree
