// Threads that do what is put before them.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace storage_embedded {

// Threads: put() from any. The queue has no bound of its own: the store's requests have.
class Workers {
 public:
  using Work = std::function<void(std::size_t worker)>;

  explicit Workers(std::size_t count);
  // Does what was put before.
  ~Workers();

  void put(Work work);

 private:
  void run(std::size_t worker);

  std::mutex mutex_;  // guards waiting_ and stopping_
  std::condition_variable came_;
  std::deque<Work> waiting_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace storage_embedded
