#include "fetch_plan.h"

#include <gtest/gtest.h>

namespace storage_ephemeral {
namespace {

using Kind = FetchStep::Kind;
using std::chrono::milliseconds;

class FetchPlanTest : public testing::Test {
 protected:
  base::Instant now{std::chrono::hours(1)};
  FetchPlan plan{now, milliseconds(1000)};
};

TEST_F(FetchPlanTest, TheFirstSourceIsAskedAtOnce) {
  const FetchStep step = plan.next(now, {"a", "b"});
  EXPECT_EQ(step.kind, Kind::kAsk);
  EXPECT_EQ(step.node, "a");
}

TEST_F(FetchPlanTest, AnotherHolderTakesOverAtOnce) {
  plan.lost("a", now);
  EXPECT_EQ(plan.next(now, {"a", "b"}).node, "b");
}

TEST_F(FetchPlanTest, TheOnlyOneIsAskedAgainAfterAPauseThatGrows) {
  base::Instant last = now;
  milliseconds pause{0};
  for (int i = 0; i < 4; ++i) {
    plan.lost("a", last);
    const FetchStep step = plan.next(last, {"a"});
    ASSERT_EQ(step.kind, Kind::kWait);
    const auto waited = std::chrono::duration_cast<milliseconds>(step.when - last);
    EXPECT_GT(waited, pause);
    pause = waited;
    last = step.when;
    EXPECT_EQ(plan.next(last, {"a"}).kind, Kind::kAsk);
  }
}

TEST_F(FetchPlanTest, PatienceEndsAndProgressRenewsIt) {
  plan.lost("a", now);
  EXPECT_EQ(plan.next(now + milliseconds(999), {"a"}).kind, Kind::kAsk);
  EXPECT_EQ(plan.next(now + milliseconds(1000), {"a"}).kind, Kind::kGiveUp);
  plan.progressed("a", now + milliseconds(900));
  plan.lost("a", now + milliseconds(950));
  EXPECT_EQ(plan.next(now + milliseconds(1899), {"a"}).kind, Kind::kAsk);
  EXPECT_EQ(plan.next(now + milliseconds(1900), {"a"}).kind, Kind::kGiveUp);
}

TEST_F(FetchPlanTest, WhoDoesNotHaveItIsNotAskedAgain) {
  plan.refused("a");
  EXPECT_EQ(plan.next(now, {"a", "b"}).node, "b");
  plan.refused("b");
  EXPECT_EQ(plan.next(now, {"a", "b"}).kind, Kind::kGiveUp);
}

TEST_F(FetchPlanTest, WithoutAnySourceThereIsNothingToWaitFor) {
  EXPECT_EQ(plan.next(now, {}).kind, Kind::kGiveUp);
}

}  // namespace
}  // namespace storage_ephemeral
