// One launch: its blocks, run by several threads, and what came of it.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.h"
#include "gpu_device/device.h"
#include "run/program.h"

namespace gpu_host {

// Device memory that may be touched, in order of address.
struct Mapped {
  std::uint64_t start = 0, end = 0;
  std::byte* host = nullptr;
};
using AddressMap = std::vector<Mapped>;

struct Fault {
  gpu_device::CuResult result = gpu_device::CuResult::kSuccess;
  std::string text;
};

// Threads: run_blocks() from as many as there are; the first fault ends all.
class Grid {
 public:
  // What a kernel may use at most before it is ended; what it prints goes to `print`.
  struct Setup {
    std::shared_ptr<const Program> program;
    std::shared_ptr<const AddressMap> memory;
    gpu_device::Dim3 grid, block;
    std::uint32_t dynamic_shared = 0;
    std::vector<std::byte> parameters;
    std::uint64_t id = 0;
    base::Instant deadline = base::Instant::max();
    const std::atomic<bool>* interrupted = nullptr;
    std::function<void(std::string)> print;
  };

  explicit Grid(Setup setup);

  // Takes one block after the other until none is left.
  void run_blocks(unsigned multiprocessor);

  const Setup& setup() const { return setup_; }
  std::uint64_t blocks() const { return blocks_; }
  void fail(gpu_device::CuResult result, std::string text);
  // Whether the blocks must end; looks at the clock.
  bool must_stop();
  // After all threads have left run_blocks().
  Fault take_fault();

 private:
  Setup setup_;
  std::uint64_t blocks_;
  std::atomic<std::uint64_t> next_{0};
  std::atomic<bool> failed_{false};
  std::mutex mutex_;  // guards fault_
  Fault fault_;
};

}  // namespace gpu_host
