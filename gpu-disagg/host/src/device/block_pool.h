// The threads that run the blocks of a grid beside the one that asks for it.
//
// Threads: run() from one thread at a time.
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "run/grid.h"

namespace gpu_host {

class BlockPool {
 public:
  // `threads` counts the one that calls run().
  explicit BlockPool(unsigned threads);

  // Returns when all blocks are done, or the grid must stop.
  void run(Grid& grid);

 private:
  void help(const std::stop_token& stop, unsigned multiprocessor);

  std::mutex mutex_;  // guards all below
  std::condition_variable_any changed_;
  Grid* grid_ = nullptr;
  std::uint64_t round_ = 0;  // counts the grids
  std::size_t helping_ = 0;
  std::vector<std::jthread> helpers_;
};

}  // namespace gpu_host
