// Random schedules with loss, delay, repetition and death of either side at any point; the judge is
// a model of the controller's books. LARDER_SEED=n repeats one, LARDER_ROUNDS=n makes more.
#include <gtest/gtest.h>

#include <cstdlib>

#include "fleet.h"

namespace invoker_handoff {
namespace {

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

struct Sums {
  std::uint64_t handed_over = 0, killed = 0, lost = 0, errors = 0, twice = 0;
};

class HandoffSimulation : public testing::Test {
 protected:
  // So many fleets with so many activations each, and what must hold for every one of them.
  void play(const Weather& weather, std::uint64_t rounds, int activations) {
    const std::uint64_t first = number_from("LARDER_SEED", std::random_device{}());
    const bool one = std::getenv("LARDER_SEED") != nullptr;
    rounds = one ? 1 : number_from("LARDER_ROUNDS", rounds);
    for (std::uint64_t seed = first; seed < first + rounds && !HasFailure(); ++seed) {
      SCOPED_TRACE("LARDER_SEED=" + std::to_string(seed));
      Fleet fleet(seed, weather);
      fleet.run(activations);
      EXPECT_EQ(fleet.entries().size(), static_cast<std::size_t>(activations));
      for (std::size_t i = 0; i < fleet.entries().size(); ++i) judge(i, fleet.entries()[i]);
      EXPECT_EQ(fleet.guests_left(), 0U);
      EXPECT_EQ(fleet.outstanding_left(), 0U);
      EXPECT_EQ(fleet.places_left(), 0);
      sums_.handed_over += fleet.handed_over();
      sums_.killed += fleet.killed();
    }
    RecordProperty("handed_over", static_cast<int>(sums_.handed_over));
    EXPECT_GT(sums_.handed_over, 0U);
  }

  void judge(std::size_t number, const Entry& entry) {
    SCOPED_TRACE("activation " + std::to_string(number));
    EXPECT_LE(entry.runs, 1) << "it ran twice";
    // The controller's place for it is freed by the first acknowledgement; without one it waits
    // for its own patience. Only those that die with it may leave it so.
    const int acks = entry.results + entry.errors;
    if (acks == 0) {
      EXPECT_TRUE(entry.owner_died) << "it is lost";
    }
    if (entry.errors > 0) {
      EXPECT_TRUE(entry.executor_died || entry.executor_silent || entry.owner_died)
          << "an error without a cause";
    }
    EXPECT_LE(entry.results, 1);
    EXPECT_LE(entry.errors, entry.executor_silent ? 2 : 1);
    if (!entry.executor_silent) {
      EXPECT_LE(acks, 1) << "acknowledged twice";
    }
    sums_.lost += acks == 0 ? 1 : 0;
    sums_.errors += static_cast<std::uint64_t>(entry.errors);
    sums_.twice += acks > 1 ? 1 : 0;
  }

  Sums sums_;
};

TEST_F(HandoffSimulation, InFairWeatherEverythingRunsOnceAndIsAcknowledgedOnce) {
  play({}, 20, 300);
  EXPECT_EQ(sums_.lost + sums_.errors + sums_.twice, 0U);
}

TEST_F(HandoffSimulation, SlowLinksCostNothingButTheHandOff) {
  play({.slow = 300}, 20, 300);
  EXPECT_EQ(sums_.lost + sums_.errors + sums_.twice, 0U);
}

TEST_F(HandoffSimulation, LinksThatBreak) {
  play({.slow = 50, .cut = 50}, 30, 300);
  EXPECT_EQ(sums_.lost, 0U);
}

TEST_F(HandoffSimulation, LinksThatBreakWhileSomebodySeesWhoLives) {
  // What cannot be begun while its owner is out of reach is an error, and no more than that.
  play({.slow = 50, .cut = 50, .seen = true}, 30, 300);
  EXPECT_EQ(sums_.lost + sums_.twice, 0U);
  sums_ = {};
  play({.slow = 50, .cut = 50, .cannot_begin = 0, .slow_start = 0, .seen = true}, 30, 300);
  EXPECT_EQ(sums_.lost + sums_.errors + sums_.twice, 0U);
}

TEST_F(HandoffSimulation, MessagesThatAreLostAndRepeatedAndOvertakeEachOther) {
  play({.lose = 30, .repeat = 100, .slow = 200}, 30, 300);
  EXPECT_EQ(sums_.lost, 0U);
}

TEST_F(HandoffSimulation, DeathsOfEitherSide) {
  play({.kill = 20}, 40, 300);
  EXPECT_GT(sums_.killed, 0U);
}

TEST_F(HandoffSimulation, EverythingAtOnce) {
  play({.lose = 20, .repeat = 100, .slow = 150, .cut = 20, .kill = 10, .no_room = 300}, 40, 300);
}

}  // namespace
}  // namespace invoker_handoff
