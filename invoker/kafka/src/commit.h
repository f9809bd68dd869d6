// What a consumer's group has taken over, as the broker keeps it.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/result.h"
#include "handle.h"

namespace invoker_kafka {

using Offsets = std::map<std::int32_t, std::int64_t>;  // by partition

// Commits offsets of one topic, one commit at a time.
//
// A commit may arrive although its answer is lost. It carries a mark, the same one for as long as
// the offsets are the same, so that the broker can be asked later whose commit the present one is.
//
// Threads: one at a time. The client outlives it.
class Commit {
 public:
  enum class Answer {
    kStored,
    kRetry,    // not stored, or not known yet
    kExpelled  // the group goes on without us: what was not stored comes again
  };
  struct Outcome {
    Answer answer = Answer::kRetry;
    base::Status status;  // why not, where it is not stored
  };

  Commit(rd_kafka_t* client, std::string topic);

  // Sends `offsets`, where none are on their way, and waits for the answer at most `wait`. To be
  // called again with the same offsets after kRetry.
  Outcome store(const Offsets& offsets, std::chrono::milliseconds wait);

  // After kExpelled: whether the last commit had arrived all the same. Errors: kUnavailable.
  base::Result<bool> arrived(const Offsets& offsets, std::chrono::milliseconds wait);

 private:
  bool send(const Offsets& offsets, Outcome& outcome);
  Outcome judge(rd_kafka_event_t* event);
  Partitions list_of(const Offsets& offsets) const;

  rd_kafka_t* const client_;
  const std::string topic_;
  const Queue queue_;
  const std::string mark_prefix_;  // of this client among all that ever were
  std::uint64_t marks_ = 0;
  bool on_its_way_ = false;
  Offsets last_;      // that were sent
  std::string mark_;  // under which
};

}  // namespace invoker_kafka
