// One thread for the checksums of files, which may take seconds.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace storage_ephemeral {

// Threads: any. What waits when it is destroyed never runs.
class HashWorker {
 public:
  HashWorker();
  ~HashWorker();
  HashWorker(const HashWorker&) = delete;
  HashWorker& operator=(const HashWorker&) = delete;

  void post(std::function<void()> work);

 private:
  void run();

  std::mutex mutex_;  // guards what follows
  std::condition_variable arrived_;
  std::deque<std::function<void()>> waiting_;  // bounded by the files that are being sealed
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace storage_ephemeral
