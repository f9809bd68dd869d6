#include "invoker/health.h"

#include <gtest/gtest.h>

#include "testing/fake_clock.h"

namespace invoker {
namespace {

using std::chrono::seconds;

base::Error trouble(const char* message) {
  return base::Error{base::ErrorCode::kUnavailable, message};
}

TEST(HealthKeeper, IsWellFromTheBeginning) {
  testing_support::FakeClock clock;
  const HealthKeeper keeper(clock);
  EXPECT_TRUE(keeper.health().ok);
  EXPECT_EQ(keeper.health().last_error, "");
  EXPECT_EQ(keeper.health().since, clock.wall());
}

TEST(HealthKeeper, KeepsTheTimeOfTheChangeAndTheLastError) {
  testing_support::FakeClock clock;
  HealthKeeper keeper(clock);
  clock.advance(seconds(5));
  const base::WallTime fell_ill = clock.wall();
  EXPECT_TRUE(keeper.note(trouble("gone")));
  clock.advance(seconds(5));
  EXPECT_FALSE(keeper.note(trouble("still gone")));
  EXPECT_FALSE(keeper.health().ok);
  EXPECT_EQ(keeper.health().since, fell_ill);
  EXPECT_EQ(keeper.health().last_error, "still gone");

  EXPECT_TRUE(keeper.note({}));
  const base::WallTime well_again = clock.wall();
  clock.advance(seconds(5));
  EXPECT_FALSE(keeper.note({}));
  EXPECT_TRUE(keeper.health().ok);
  EXPECT_EQ(keeper.health().since, well_again);
  EXPECT_EQ(keeper.health().last_error, "still gone");
}

}  // namespace
}  // namespace invoker
