// Tells when files of this node were written to, by whomever: inotify, which also sees writes that
// the kernel passes through.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "base/result.h"
#include "base/unique_fd.h"
#include "net.h"

namespace storage_ephemeral {

// Threads: any; what is told is told on the loop's thread.
class GrowthWatch {
 public:
  explicit GrowthWatch(EventLoop& loop);  // before the loop runs

  // Calls `grown` after writes to the open file, until remove() and perhaps once after it. One
  // watch at a time for each file. Errors: kNoSpace when the kernel's bound of watches is reached.
  base::Result<int> add(const base::UniqueFd& file, std::function<void()> grown);
  void remove(int watch);
  void stop(EventLoop& loop) { loop.forget(inotify_.get()); }

 private:
  void read_events();

  base::UniqueFd inotify_;
  std::mutex mutex_;  // guards watches_
  std::unordered_map<int, std::shared_ptr<std::function<void()>>> watches_;
};

}  // namespace storage_ephemeral
