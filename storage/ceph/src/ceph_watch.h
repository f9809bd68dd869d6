// Watches on objects of RADOS, kept alive.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <rados/librados.hpp>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "storage/object_store.h"

namespace storage_ceph {

// Sets watches up again when RADOS lost them, and takes them down: whatever blocks happens on its
// one thread, never in a callback of librados.
//
// Threads: any method from any thread. Lock order: a watch's `calling` is never held with mutex_.
class WatchKeeper {
 public:
  explicit WatchKeeper(librados::Rados& cluster);
  // Takes down what is left of watches that have ended.
  ~WatchKeeper();

  // Blocks until the OSD has the watch.
  base::Result<std::unique_ptr<storage::Watch>> watch(librados::IoCtx io,
                                                      const storage::ObjectId& object,
                                                      std::function<void(std::string_view)> heard,
                                                      std::function<void()> lost);

 private:
  class Watched;
  class Handle;

  void poke();
  void run(const std::stop_token& stop);
  void tend(const std::vector<std::shared_ptr<Watched>>& watches);
  void take_down(const std::vector<std::shared_ptr<Watched>>& ended);

  librados::Rados& cluster_;
  std::mutex mutex_;  // guards watches_ and poked_
  std::condition_variable_any wake_;
  std::vector<std::shared_ptr<Watched>> watches_;
  bool poked_ = false;
  std::jthread thread_;
};

}  // namespace storage_ceph
