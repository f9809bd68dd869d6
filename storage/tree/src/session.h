// This opener's place among those of the volume: which snapshots it needs, and until when it may
// be believed to be alive.
//
// Threads: any method from any thread; refresh() is done by one at a time.
#pragma once

#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "base/clock.h"
#include "volume.h"

namespace storage_tree {

// The commit numbers that snapshots hold. Outlives the tree with them.
struct Pins {
  std::mutex mutex;  // guards everything below
  std::multiset<CommitNumber> numbers;
  std::uint64_t generation = 0;  // grows when the session lapses: older pins hold nothing
};

class Snapshot::Pin {
 public:
  Pin(std::shared_ptr<Pins> pins, CommitNumber number);
  ~Pin();
  Pin(const Pin&) = delete;
  Pin& operator=(const Pin&) = delete;
  void move_to(CommitNumber number);  // before it is handed out
  CommitNumber number() const { return number_; }
  std::uint64_t generation() const { return generation_; }

 private:
  const std::shared_ptr<Pins> pins_;
  CommitNumber number_;
  std::uint64_t generation_;
};

class SessionKeeper {
 public:
  explicit SessionKeeper(Volume& volume);

  // Takes over what an earlier opener of this name left, or begins.
  base::Status open();
  base::Status refresh();

  // At the head, which `read` learns while what it may give is kept.
  base::Result<Snapshot> pin(const std::function<base::Result<CommitNumber>()>& read);
  base::Result<Snapshot> pin_again(CommitNumber number);
  // kConflict: it has lapsed; kUnavailable: nobody knows, the lease was not refreshed.
  base::Status check(const Snapshot& snapshot);

 private:
  base::Status write(const Session& next, const std::string& guard);
  base::Status begin_again();
  CommitNumber floor(CommitNumber head);
  bool lease_holds() const;

  Volume& volume_;
  const std::shared_ptr<Pins> pins_ = std::make_shared<Pins>();
  std::mutex refreshing_;     // one refresh at a time; before mutex_ and Pins::mutex
  mutable std::mutex mutex_;  // guards everything below
  std::string opener_;
  std::string raw_;              // as stored
  base::Instant valid_until_{};  // by this node's clock, from before the last refresh
  CommitNumber known_head_ = 0;
  CommitNumber adopted_floor_ = 0;  // of the earlier opener
  base::Instant adopted_until_{};
};

}  // namespace storage_tree
