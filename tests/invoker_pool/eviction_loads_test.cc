// Who is evicted, measured on loads of many kinds. The figures of the README.
#include <gtest/gtest.h>

#include <cstdio>
#include <string>
#include <vector>

#include "call_trace.h"
#include "closed_loop.h"

namespace pool_testing {
namespace {

constexpr std::size_t kCalls = 20'000;

struct Load {
  std::string name;
  CallTrace trace;
  int room;
  double cold_max;  // what is promised
};

std::vector<Load> loads() {
  const CallTrace popular = by_popularity(200, 1.0, kCalls);
  return {
      {"100 in turn, room for 50", in_turn(100, kCalls), 50, 0.52},
      {"100 in turn, room for 90", in_turn(100, kCalls), 90, 0.12},
      {"1000 in turn, room for 50", in_turn(1'000, kCalls), 50, 0.96},
      {"200 by popularity 1/n, room for 50", popular, 50, 0.28},
      {"1000 by popularity 1/n^1.3, room for 50", by_popularity(1'000, 1.3, kCalls), 50, 0.21},
      {"... 1/n, dealt anew every 5000 calls", by_popularity(200, 1.0, kCalls, 5'000), 50, 0.30},
      {"... 1/n, dealt anew every 1000 calls", by_popularity(200, 1.0, kCalls, 1'000), 50, 0.34},
      {"... 1/n, 30 % of calls to strangers", with_strangers(popular, 30), 50, 0.51},
      {"40 by popularity, 40 % of calls to 100 in turn, room for 60",
       with_turns(by_popularity(40, 0.9, kCalls), 40, 100), 60, 0.36},
      {"100 in turn, then 45 others, then others by popularity",
       one_after_the_other(one_after_the_other(in_turn(100, kCalls), in_turn(45, kCalls)), popular),
       50, 0.30},
      {"300 in bursts, room for 50", in_bursts(300, kCalls), 50, 0.06},
      {"300 in bursts, room for 20", in_bursts(300, kCalls), 20, 0.07},
      {"300 by timers, room for 100", by_timers(300, kCalls), 100, 0.17},
      {"300 by timers, room for 30", by_timers(300, kCalls), 30, 0.65},
  };
}

TEST(EvictionLoads, NoLoadDoesMuchWorseThanByAgeAndMostDoMuchBetter) {
  constexpr double kSlack = 0.015;
  std::printf("%-62s %6s %6s %6s\n", "% of calls that are cold", "pool", "by age", "best");
  for (const Load& load : loads()) {
    const double cold = cold_in_the_pool(load.trace, load.room);
    const double by_age = cold_of_least_recent(load.trace, load.room);
    const double best = cold_of_the_best(load.trace, load.room);
    std::printf("%-62s %6.1f %6.1f %6.1f\n", load.name.c_str(), 100 * cold, 100 * by_age,
                100 * best);
    EXPECT_LE(cold, load.cold_max) << load.name;
    EXPECT_LE(cold, by_age + kSlack) << load.name;
    EXPECT_GE(cold, best) << load.name;
  }
}

// Eight callers at once: what is being started and removed holds memory, too.
TEST(EvictionLoads, MoreActionsInTurnThanFitFindManyWarm) {
  for (const auto& [room, cold_max] : {std::pair(50, 0.65), std::pair(90, 0.25)}) {
    LoopConfig config{.actions = 100, .callers = 8, .calls = 10'000};
    config.pool.memory_bytes = room * kActionBytes;
    const LoopFigures figures = ClosedLoop(config).run();
    std::printf("100 actions in turn, 8 callers, room for %d: %.1f %% cold, %.0f calls/s\n", room,
                100 * figures.cold_share(), figures.calls_per_second());
    EXPECT_LE(figures.cold_share(), cold_max);
  }
}

}  // namespace
}  // namespace pool_testing
