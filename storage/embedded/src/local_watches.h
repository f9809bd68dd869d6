// Watches of one process.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "storage/object_store.h"
#include "workers.h"

namespace storage_embedded {

// Handlers are called on a thread of their own, in the order of notify(). Threads: any.
class LocalWatches {
 public:
  std::unique_ptr<storage::Watch> add(const storage::ObjectId& object,
                                      std::function<void(std::string_view)> heard);
  void notify(const storage::ObjectId& object, std::string bytes);

 private:
  struct Watcher;
  class Handle;

  std::mutex mutex_;  // guards watchers_
  std::vector<std::weak_ptr<Watcher>> watchers_;
  Workers teller_{1};  // goes first
};

}  // namespace storage_embedded
