#include "invoker/pinger.h"

#include <gtest/gtest.h>

#include "base/json.h"
#include "testing/fake_clock.h"
#include "testing/fake_producer.h"
#include "testing/fake_timer.h"

namespace invoker {
namespace {

using std::chrono::milliseconds;

class PingerTest : public ::testing::Test {
 protected:
  PingerTest() { pinger_.emplace(InvokerInstance{}, "health", producer_, timer_, clock_, log_); }

  void advance(milliseconds time) {
    clock_.advance(time);
    timer_.strike(clock_.now());
  }
  std::size_t count() const { return producer_.sent().size(); }
  bool last_says_enabled() const {
    const base::Json json = base::Json::parse(producer_.sent().back().text).value();
    return json.find("isEnabled")->as_bool();
  }

  testing_support::FakeClock clock_;
  testing_support::FakeTimer timer_;
  testing_support::FakeProducer producer_;
  base::DiscardSink nowhere_;
  base::Logger log_{nowhere_, clock_};
  std::optional<Pinger> pinger_;
};

TEST_F(PingerTest, PingsAtOnceAndThenEverySecond) {
  advance(milliseconds(0));
  EXPECT_EQ(count(), 1u);
  EXPECT_EQ(producer_.sent().front().topic, "health");
  EXPECT_TRUE(last_says_enabled());
  advance(milliseconds(999));
  EXPECT_EQ(count(), 1u);
  advance(milliseconds(1));
  EXPECT_EQ(count(), 2u);
}

TEST_F(PingerTest, TheNextWaitsForTheFateOfTheOneBeforeAndThenGoesAtOnce) {
  producer_.hold();
  advance(milliseconds(0));
  advance(milliseconds(5000));
  EXPECT_EQ(producer_.waiting(), 1u) << "one on its way, however long that takes";
  producer_.settle();
  advance(milliseconds(0));
  EXPECT_EQ(producer_.waiting(), 1u);
}

TEST_F(PingerTest, AClockThatIsSetChangesNothing) {
  advance(milliseconds(0));
  for (const std::chrono::hours by : {std::chrono::hours(-48), std::chrono::hours(72)}) {
    const std::size_t before = count();
    clock_.jump(by);
    advance(milliseconds(999));
    EXPECT_EQ(count(), before);
    advance(milliseconds(1));
    EXPECT_EQ(count(), before + 1);
  }
}

TEST_F(PingerTest, AFailureStopsNothing) {
  producer_.fail_next({base::ErrorCode::kUnavailable, "away"});
  advance(milliseconds(0));
  EXPECT_EQ(count(), 0u);
  advance(milliseconds(1000));
  EXPECT_EQ(count(), 1u);
}

TEST_F(PingerTest, DisablingSaysSoEachTimeAndPingsNoMore) {
  advance(milliseconds(0));
  EXPECT_TRUE(pinger_->disable());
  EXPECT_FALSE(last_says_enabled());
  EXPECT_FALSE(pinger_->disable());
  EXPECT_EQ(count(), 3u);
  advance(milliseconds(5000));
  EXPECT_EQ(count(), 3u);
  EXPECT_FALSE(pinger_->is_enabled());

  EXPECT_TRUE(pinger_->enable());
  EXPECT_FALSE(pinger_->enable());
  advance(milliseconds(0));
  EXPECT_EQ(count(), 4u);
  EXPECT_TRUE(last_says_enabled());
}

TEST_F(PingerTest, DisablingAndEnablingWhileAPingIsOnItsWayLeavesOneRound) {
  producer_.hold();
  advance(milliseconds(0));
  pinger_->disable();
  pinger_->enable();
  while (producer_.waiting() > 0) producer_.settle();
  for (int second = 0; second < 3; ++second) {
    advance(milliseconds(second == 0 ? 0 : 1000));
    EXPECT_EQ(producer_.waiting(), 1u);
    producer_.settle();
  }
}

TEST_F(PingerTest, IsQuietOnceItIsGone) {
  producer_.hold();
  advance(milliseconds(0));
  pinger_.reset();
  producer_.settle();
  EXPECT_EQ(timer_.count(), 0u);
}

}  // namespace
}  // namespace invoker
