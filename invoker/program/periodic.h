// Something that is done again and again.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace program {

// On a thread of its own: at once, and then with `pause` between the end of one time and the next.
// Threads: made and destroyed in one.
class Periodic {
 public:
  Periodic(std::chrono::milliseconds pause, std::function<void()> work);
  // Waits for the work that is under way.
  ~Periodic();
  Periodic(const Periodic&) = delete;
  Periodic& operator=(const Periodic&) = delete;

 private:
  std::mutex mutex_;  // of the thread's sleep; guards nothing
  std::condition_variable_any wake_;
  std::jthread thread_;  // last: it uses the others
};

}  // namespace program
