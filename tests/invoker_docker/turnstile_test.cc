#include "turnstile.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

namespace invoker_docker {
namespace {

TEST(Turnstile, LetsNoMoreThroughThanItHasPlaces) {
  Turnstile turnstile(3);
  std::atomic<int> inside = 0;
  std::atomic<int> most = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 16; ++i) {
      threads.emplace_back([&] {
        for (int round = 0; round < 200; ++round) {
          const auto pass = turnstile.enter();
          const int now = ++inside;
          int seen = most;
          while (seen < now && !most.compare_exchange_weak(seen, now)) continue;
          --inside;
        }
      });
    }
  }
  EXPECT_LE(most, 3);
  EXPECT_GE(most, 1);
}

TEST(Turnstile, WithoutPlacesNobodyWaits) {
  Turnstile turnstile(0);
  const auto first = turnstile.enter();
  const auto second = turnstile.enter();
  SUCCEED();  // a wait would never end
}

TEST(Turnstile, APlaceThatIsGivenBackGoesToTheNext) {
  Turnstile turnstile(1);
  std::atomic<bool> entered = false;
  std::jthread waiting;
  {
    const auto pass = turnstile.enter();
    waiting = std::jthread([&] {
      const auto next = turnstile.enter();
      entered = true;
    });
    EXPECT_FALSE(entered);
  }
  waiting.join();
  EXPECT_TRUE(entered);
}

}  // namespace
}  // namespace invoker_docker
