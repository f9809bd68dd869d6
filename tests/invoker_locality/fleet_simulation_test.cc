// Small fleets from a random seed: what placement must reach, and what must never happen.
#include <gtest/gtest.h>

#include <random>

#include "locality_simulation/simulation.h"

namespace {

using locality_simulation::Config;
using locality_simulation::Report;
using locality_simulation::simulate;

Config small_fleet() {
  Config config;
  config.seed = std::random_device{}();
  config.warm_up_s = 4;
  config.measured_s = 4;
  return config;
}

double share(std::int64_t part, std::int64_t whole) {
  return static_cast<double>(part) / static_cast<double>(std::max<std::int64_t>(whole, 1));
}

TEST(SimulatedFleet, CallsRunWhereTheirDataIsWhileThereIsRoom) {
  Config config = small_fleet();
  SCOPED_TRACE("seed " + std::to_string(config.seed));
  const Report on = simulate(config);
  config.locality = false;
  const Report off = simulate(config);
  EXPECT_GE(share(on.hits_with_room, on.had_room), 0.95);
  EXPECT_LT(off.hits, on.hits * 3 / 4);
  EXPECT_LT(on.latency_ms, off.latency_ms);
  EXPECT_EQ(on.wrong, 0);
  EXPECT_LE(on.messages_per_s, 10 * 2.5);
}

TEST(SimulatedFleet, LearnsWithoutHints) {
  Config config = small_fleet();
  SCOPED_TRACE("seed " + std::to_string(config.seed));
  config.hints = config.data_by_call = false;
  const Report report = simulate(config);
  EXPECT_GE(share(report.hits_with_room, report.had_room), 0.95);
  EXPECT_EQ(report.wrong, 0);
}

TEST(SimulatedFleet, AHotVolumeSpreadsOnceItsNodeIsFull) {
  Config config = small_fleet();
  SCOPED_TRACE("seed " + std::to_string(config.seed));
  config.hot = true;
  config.actions = 50;
  config.utilization = 0.6;
  const Report report = simulate(config);
  EXPECT_LE(report.load_max_over_mean, 1.5);
  EXPECT_GE(share(report.hits, report.calls), 0.95) << "the others have copies by now";
  EXPECT_EQ(report.wrong, 0);
}

TEST(SimulatedFleet, NoPromiseIsBrokenWhateverTheLoad) {
  std::mt19937 random(std::random_device{}());
  for (int round = 0; round < 6; ++round) {
    Config config = small_fleet();
    SCOPED_TRACE("seed " + std::to_string(config.seed));
    config.warm_up_s = config.measured_s = 1.5;
    config.nodes = 2 + static_cast<int>(random() % 8);
    config.slots = 1 + static_cast<int>(random() % 8);
    config.utilization = 0.2 + static_cast<double>(random() % 10) / 10;
    config.wait_ms = static_cast<int>(random() % 3) * 40;
    config.bus_ms = static_cast<double>(random() % 80);
    EXPECT_EQ(simulate(config).wrong, 0);
  }
}

TEST(SimulatedFleet, OneSeedHasOneOutcome) {
  Config config = small_fleet();
  SCOPED_TRACE("seed " + std::to_string(config.seed));
  config.warm_up_s = config.measured_s = 1;
  const Report first = simulate(config);
  const Report second = simulate(config);
  EXPECT_EQ(first.calls, second.calls);
  EXPECT_EQ(first.hits, second.hits);
  EXPECT_EQ(first.latency_ms, second.latency_ms);
}

}  // namespace
