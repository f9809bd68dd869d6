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
  // What was read of the volume's object: where that has not changed until the next commit, this
  // need not ask.
  void learn(const VolumeState& state);

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
    const bool guessed;  // nobody has read the state: all of it is guarded
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
  base::Status try_once(Batch& batch, bool may_guess);
  base::Result<VolumeState> state_for(const Batch& batch, const RangeMap& map);
  std::optional<VolumeState> guess_for(const Batch& batch, const RangeMap& map);
  void remember(const Draft& draft, const std::string& raw_head);
  void forget_known(bool guessed);
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
  static void guard_guess(Draft& draft);
  bool is_others_turn(const std::string& raw);
  void take_turn();

  Volume& volume_;
  Log& log_;
  Uploads& uploads_;
  const Turn turn_;
  // Of the thread that works: the turn that it last met, and since when.
  std::string met_turn_;
  base::Instant met_turn_at_{};

  // The volume's object as this process last knew it, and what merged keys held then.
  struct Known {
    Head head;
    std::string raw_head;
    KeyValues merged;  // "": is not there
  };
  std::mutex known_mutex_;  // guards the next two; taken alone
  std::optional<Known> known_;
  bool guesses_hold_ = true;  // nobody else seems to commit here

  std::mutex mutex_;  // guards everything below
  std::condition_variable changed_;
  std::deque<Request*> waiting_;
  bool working_ = false;
};

}  // namespace storage_tree
