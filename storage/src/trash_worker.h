// Removes scratch volumes in the background, so that no activation waits for it.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>

#include "tier_store.h"

namespace storage {

// Threads: any for its methods; the work is done by one thread of its own. Destroying it removes
// what is queued first.
class TrashWorker {
 public:
  // `store` must outlive the worker.
  explicit TrashWorker(TierStore& store);
  ~TrashWorker();
  TrashWorker(const TrashWorker&) = delete;
  TrashWorker& operator=(const TrashWorker&) = delete;

  // Queues a scratch volume; removes it here and now when the queue is full.
  void discard(std::string scratch_name, std::uint64_t subvolume);

  // Waits until everything queued before has been removed.
  void drain();

 private:
  struct Item {
    std::string scratch_name;
    std::uint64_t subvolume = 0;
  };

  void work(const std::stop_token& stop);
  void remove(const Item& item);
  void forget_quota_groups();

  TierStore& store_;
  std::mutex mutex_;  // guards queue_ and busy_
  std::condition_variable_any changed_;
  std::deque<Item> queue_;
  bool busy_ = false;
  std::deque<std::uint64_t> unforgotten_;  // the worker's thread only
  std::jthread thread_;
};

}  // namespace storage
