#include "device/block_pool.h"

namespace gpu_host {

BlockPool::BlockPool(unsigned threads) {
  for (unsigned at = 1; at < threads; ++at) {
    helpers_.emplace_back([this, at](const std::stop_token& stop) { help(stop, at); });
  }
}

void BlockPool::run(Grid& grid) {
  const bool alone = helpers_.empty() || grid.blocks() == 1;
  if (!alone) {
    const std::lock_guard lock(mutex_);
    grid_ = &grid;
    ++round_;
    changed_.notify_all();
  }
  grid.run_blocks(0);
  if (alone) return;
  std::unique_lock lock(mutex_);
  // Who has not come by now is not needed.
  grid_ = nullptr;
  changed_.wait(lock, [&] { return helping_ == 0; });
}

void BlockPool::help(const std::stop_token& stop, unsigned multiprocessor) {
  std::unique_lock lock(mutex_);
  std::uint64_t seen = 0;
  while (true) {
    changed_.wait(lock, stop, [&] { return grid_ != nullptr && round_ != seen; });
    if (stop.stop_requested()) return;
    seen = round_;
    Grid& grid = *grid_;
    ++helping_;
    lock.unlock();
    grid.run_blocks(multiprocessor);
    lock.lock();
    --helping_;
    changed_.notify_all();
  }
}

}  // namespace gpu_host
