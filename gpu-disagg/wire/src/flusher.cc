#include "gpu_wire/flusher.h"

#include <sys/prctl.h>

#include <chrono>
#include <utility>

namespace gpu_wire {
namespace {

constexpr std::chrono::microseconds kTick{50};
// After so many ticks without work the thread sleeps until it is touched, which costs the toucher a
// system call.
constexpr int kIdleTicks = 20;

}  // namespace

Flusher::Flusher(std::function<bool()> tick) : tick_(std::move(tick)), thread_([this] { run(); }) {}

Flusher::~Flusher() {
  ends_ = true;
  awake_ = 1;
  awake_.notify_one();
  thread_.join();
}

void Flusher::run() {
  // Without this the kernel adds 50 µs of its own to each sleep.
  ::prctl(PR_SET_TIMERSLACK, 1UL);
  while (!ends_) {
    awake_.wait(0);
    for (int idle = 0; idle < kIdleTicks && !ends_;) {
      std::this_thread::sleep_for(kTick);
      idle = tick_() ? 0 : idle + 1;
    }
    awake_.store(0, std::memory_order_seq_cst);
    // What was posted before that store saw a thread awake and did not wake it.
    if (tick_()) awake_.store(1, std::memory_order_seq_cst);
  }
}

}  // namespace gpu_wire
