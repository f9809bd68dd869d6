// Records on their way to the writer's thread.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <vector>

#include "standalone/activation_store.h"

namespace standalone {

struct WaitingRecord {
  enum class Kind { kFinished, kAccepted };

  Kind kind;
  ActivationRecord record;
  ActivationStore::Done done;
};

// A bounded queue of one reader. Threads: push() and close() from any.
class RecordQueue {
 public:
  explicit RecordQueue(std::size_t size_max) : size_max_(size_max) {}

  // Blocks while the queue is full. False when it is closed; the record is then left as it was.
  bool push(WaitingRecord&& waiting);
  // Blocks until something waits; gives up to `count_max` in order. Empty: closed, and all is read.
  std::vector<WaitingRecord> take(std::size_t count_max);
  void close();

 private:
  const std::size_t size_max_;
  std::mutex mutex_;  // guards everything below
  std::condition_variable not_empty_;
  std::condition_variable not_full_;
  std::deque<WaitingRecord> records_;
  bool closed_ = false;
};

}  // namespace standalone
