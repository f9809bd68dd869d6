#include "periodic.h"

#include <utility>

namespace program {

Periodic::Periodic(std::chrono::milliseconds pause, std::function<void()> work)
    : thread_([this, pause, work = std::move(work)](const std::stop_token& stop) {
        while (!stop.stop_requested()) {
          work();
          std::unique_lock lock(mutex_);
          wake_.wait_for(lock, stop, pause, [] { return false; });
        }
      }) {}

Periodic::~Periodic() = default;

}  // namespace program
