// A thread that sends what was posted and then left alone. It sleeps for good while nothing is
// posted.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <thread>

namespace gpu_wire {

class Flusher {
 public:
  // `tick` is called every 50 µs while there is something to do; it says whether there was.
  explicit Flusher(std::function<bool()> tick);
  ~Flusher();
  Flusher(const Flusher&) = delete;
  Flusher& operator=(const Flusher&) = delete;

  // There is something to send soon. Costs next to nothing while the thread is awake.
  void touch() {
    if (awake_.load(std::memory_order_seq_cst) != 0) return;
    awake_.store(1, std::memory_order_seq_cst);
    awake_.notify_one();
  }

 private:
  void run();

  const std::function<bool()> tick_;
  std::atomic<std::uint32_t> awake_ = 0;
  std::atomic<bool> ends_ = false;
  std::thread thread_;
};

}  // namespace gpu_wire
