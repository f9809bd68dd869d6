// Removes scratch volumes in the background, so that no activation waits for it.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>

#include "base/clock.h"
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
  bool wait_for_item(std::unique_lock<std::mutex>& lock, const std::stop_token& stop);
  void remove(const Item& item);
  void forget_quota_groups();

  TierStore& store_;
  std::mutex mutex_;  // guards queue_ and busy_
  std::condition_variable_any changed_;
  std::deque<Item> queue_;
  bool busy_ = false;
  // The worker's thread only:
  std::deque<std::uint64_t> unforgotten_;
  bool unfreed_ = false;        // something was removed, and the kernel not yet told to free it
  base::Instant free_next_at_;  // not before
  std::jthread thread_;
};

}  // namespace storage
