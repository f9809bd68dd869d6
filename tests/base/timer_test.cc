#include "base/timer.h"

#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <vector>

namespace {

TEST(ThreadTimer, StrikesInOrderAndNotWhatWasTakenBack) {
  base::ThreadTimer timer;
  const auto now = std::chrono::steady_clock::now();
  std::vector<int> struck;
  std::promise<void> done;
  timer.arm(now + std::chrono::milliseconds(30), [&] {
    struck.push_back(3);
    done.set_value();
  });
  const auto ticket = timer.arm(now + std::chrono::milliseconds(20), [&] { struck.push_back(2); });
  timer.arm(now + std::chrono::milliseconds(10), [&] { struck.push_back(1); });
  timer.cancel(ticket);
  done.get_future().wait();
  EXPECT_EQ(struck, (std::vector<int>{1, 3}));
}

}  // namespace
