#include "run/grid.h"

#include "run/block.h"

namespace gpu_host {

Grid::Grid(Setup setup)
    : setup_(std::move(setup)),
      blocks_(std::uint64_t{setup_.grid.x} * setup_.grid.y * setup_.grid.z) {}

void Grid::run_blocks(unsigned multiprocessor) {
  if (next_.load(std::memory_order_relaxed) >= blocks_) return;
  Block block(*this, multiprocessor);
  while (!must_stop()) {
    const std::uint64_t index = next_.fetch_add(1, std::memory_order_relaxed);
    if (index >= blocks_) return;
    block.run(index);
  }
}

void Grid::fail(gpu_device::CuResult result, std::string text) {
  const std::lock_guard lock(mutex_);
  if (failed_.load()) return;
  fault_ = Fault{result, std::move(text)};
  failed_.store(true);
}

bool Grid::must_stop() {
  if (failed_.load(std::memory_order_relaxed)) return true;
  if (setup_.interrupted != nullptr && setup_.interrupted->load(std::memory_order_relaxed)) {
    fail(gpu_device::CuResult::kLaunchTimeout,
         "kernel " + setup_.program->name + ": ended from outside");
    return true;
  }
  if (setup_.deadline != base::Instant::max() &&
      std::chrono::steady_clock::now() >= setup_.deadline) {
    fail(gpu_device::CuResult::kLaunchTimeout,
         "kernel " + setup_.program->name + ": ran longer than it may");
    return true;
  }
  return false;
}

Fault Grid::take_fault() {
  const std::lock_guard lock(mutex_);
  return fault_;
}

}  // namespace gpu_host
