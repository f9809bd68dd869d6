#include "call_rhythm.h"

#include <gtest/gtest.h>

#include <string>

namespace invoker {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr base::Instant kBegin{std::chrono::hours(1)};

double in_seconds(std::optional<base::Instant::duration> interval) {
  return std::chrono::duration<double>(interval.value()).count();
}

TEST(CallRhythm, OfAFirstCallNothingIsKnown) {
  CallRhythm rhythm(10);
  EXPECT_FALSE(rhythm.note("a", kBegin));
  EXPECT_FALSE(rhythm.note("b", kBegin + seconds(1)));
}

TEST(CallRhythm, TheSecondCallTellsTheIntervalAndEqualOnesKeepIt) {
  CallRhythm rhythm(10);
  rhythm.note("a", kBegin);
  for (int i = 1; i < 20; ++i) {
    EXPECT_NEAR(in_seconds(rhythm.note("a", kBegin + i * seconds(7))), 7, 0.001);
  }
}

TEST(CallRhythm, ANewRhythmIsLearnedWithinSomeCalls) {
  CallRhythm rhythm(10);
  base::Instant at = kBegin;
  rhythm.note("a", at);
  rhythm.note("a", at += seconds(100));
  for (int i = 0; i < 20; ++i) rhythm.note("a", at += seconds(1));
  EXPECT_NEAR(in_seconds(rhythm.note("a", at += seconds(1))), 1, 0.1);
}

TEST(CallRhythm, APauseBetweenTwoBurstsIsNotTakenForTheRhythm) {
  CallRhythm rhythm(10);
  base::Instant at = kBegin;
  rhythm.note("a", at);
  for (int i = 0; i < 20; ++i) rhythm.note("a", at += milliseconds(50));
  EXPECT_LT(in_seconds(rhythm.note("a", at += seconds(30))), 1);
}

TEST(CallRhythm, CallsAtTheSameTimeAreOneMillisecondApart) {
  CallRhythm rhythm(10);
  rhythm.note("a", kBegin);
  EXPECT_NEAR(in_seconds(rhythm.note("a", kBegin)), 0.001, 1e-6);
}

TEST(CallRhythm, WhoWasNotCalledForTheLongestTimeIsForgotten) {
  CallRhythm rhythm(2);
  rhythm.note("a", kBegin);
  rhythm.note("b", kBegin);
  rhythm.note("a", kBegin);
  rhythm.note("c", kBegin);
  EXPECT_EQ(rhythm.size(), 2u);
  EXPECT_TRUE(rhythm.note("a", kBegin + seconds(1)));
  EXPECT_FALSE(rhythm.note("b", kBegin + seconds(1)));
  EXPECT_FALSE(rhythm.note("c", kBegin + seconds(1))) << "b has taken its place";
}

TEST(CallRhythm, HoweverManyKeysComeItDoesNotGrow) {
  CallRhythm rhythm(100);
  for (int i = 0; i < 10'000; ++i) rhythm.note("key" + std::to_string(i), kBegin);
  EXPECT_EQ(rhythm.size(), 100u);
}

}  // namespace
}  // namespace invoker
