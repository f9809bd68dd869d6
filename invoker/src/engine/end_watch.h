// Hears of containers that end while nobody is in them.
#pragma once

#include <functional>
#include <thread>

#include "base/unique_fd.h"
#include "invoker/container_pool.h"

namespace invoker {

// Threads: add() in any. It has one of its own, in which `ended` is called, once for each.
class EndWatch {
 public:
  explicit EndWatch(std::function<void(ContainerId)> ended);
  ~EndWatch();
  EndWatch(const EndWatch&) = delete;
  EndWatch& operator=(const EndWatch&) = delete;

  // `descriptor` polls readable when the container has ended; it may be closed at any time.
  void add(ContainerId id, int descriptor);

 private:
  void work() const;

  const std::function<void(ContainerId)> ended_;
  const base::UniqueFd epoll_;
  const base::UniqueFd stop_;
  std::thread thread_;
};

}  // namespace invoker
