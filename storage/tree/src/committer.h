// Commits: one operation on the volume's object decides each, or several that wait together.
//
// Threads: any method from any thread; one of those that wait does the work for all.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "conflict.h"
#include "log.h"
#include "merge.h"
#include "prepare.h"
#include "uploads.h"
#include "volume.h"

namespace storage_tree {

class Committer {
 public:
  Committer(Volume& volume, Log& log, Uploads& uploads);

  base::Result<Outcome> commit(Prepared prepared, const storage::ReadSet& read,
                               hints::Isolation isolation);

 private:
  struct Request {
    Prepared prepared;
    Footprint footprint;
    CommitNumber checked;            // no commit up to here is in its way
    std::optional<Outcome> decided;  // of the thread that works
    std::optional<base::Result<Outcome>> answer = std::nullopt;  // under mutex_
    Commit& commit() { return prepared.commit; }
  };
  using Batch = std::vector<Request*>;
  // One operation on the volume's object, while it is put together.
  struct Draft {
    const VolumeState& state;
    const RangeMap& map;
    Head head;
    bool direct = false;  // all keys are in the volume's own object
    std::size_t bytes = 0;
    KeyValues current;  // of merged keys
    TreeChange change;
    storage::ObjectWrite write;
    Batch accepted;
  };

  void run(Batch batch);
  base::Status try_once(Batch& batch);
  base::Status settle(Request& request, const VolumeState& state);
  // Answers those that are decided: they leave the batch.
  void publish(Batch& batch);
  base::Status check_log(const Batch& batch, const VolumeState& state);
  static void check_against(Request& request, const Commit& theirs, CommitNumber number);
  bool fits(const Draft& draft, Request& request) const;
  static bool meets(const Draft& draft, const Request& request);
  bool is_direct(const RangeMap& map, const Commit& commit) const;
  base::Status add(Draft& draft, Request& request);
  void add_records(Draft& draft, Request& request);
  void add_uploads(Draft& draft, Request& request);
  base::Status carry_out(Draft& draft);
  bool is_others_turn(const std::string& raw);
  void take_turn();

  Volume& volume_;
  Log& log_;
  Uploads& uploads_;
  const Turn turn_;
  // Of the thread that works: the turn that it last met, and since when.
  std::string met_turn_;
  base::Instant met_turn_at_{};

  std::mutex mutex_;  // guards everything below
  std::condition_variable changed_;
  std::deque<Request*> waiting_;
  bool working_ = false;
};

}  // namespace storage_tree
