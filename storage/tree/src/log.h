// The log of commits, and carrying out in the other objects what it says.
//
// Threads: any method from any thread, on any node: what is done twice is done once.
#pragma once

#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "merge.h"
#include "volume.h"

namespace storage_tree {

class Log {
 public:
  explicit Log(Volume& volume) : volume_(volume) {}

  // The commits after `from` up to `to`; kConflict where the log begins later.
  base::Result<std::vector<Commit>> between(CommitNumber from, CommitNumber to);
  base::Result<Commit> at(CommitNumber number);
  // Carries out what was decided and is not done everywhere. The head that is given afterwards may
  // have moved on already.
  base::Status catch_up(const VolumeState& state);
  // The volume's state with nothing left to carry out. `meanwhile` is called while it is asked for.
  base::Result<VolumeState> settled(const std::vector<std::string>& keys = {},
                                    const std::function<void()>& meanwhile = {});

 private:
  base::Status apply(const Commit& commit, CommitNumber number, CommitNumber horizon,
                     const RangeMap& map);
  base::Status apply_to(const std::string& object, const Commit& commit, CommitNumber number,
                        CommitNumber horizon, const RangeMap& map);
  base::Status try_apply_to(const std::string& object, const Commit& commit, CommitNumber number,
                            CommitNumber horizon, const RangeMap& map);
  base::Status finished_by_others(CommitNumber number, base::Error error);
  base::Status read_ahead_values(Commit& commit);
  // The log's entry becomes small, and the head says that it is done.
  base::Status finish(Commit commit, CommitNumber number);

  Volume& volume_;
};

}  // namespace storage_tree
