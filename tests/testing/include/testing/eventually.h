// How tests wait for what they cannot be told of.
#pragma once

#include <chrono>
#include <functional>
#include <thread>

namespace testing_support {

// True as soon as `holds` does, which is asked again and again; false after a minute and a half.
inline bool eventually(const std::function<bool()>& holds) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(90);
  while (!holds()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

}  // namespace testing_support
