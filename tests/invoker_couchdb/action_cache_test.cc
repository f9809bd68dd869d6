#include "action_cache.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace invoker_couchdb {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

constexpr base::Instant kStart{};

ActionPtr named(const std::string& name) {
  auto action = std::make_shared<invoker::Action>();
  action->name = name;
  return action;
}

TEST(ActionCache, GivesWhatItWasGiven) {
  ActionCache cache(100, minutes(5));
  const ActionPtr action = named("a");
  cache.keep("a", action, 10, kStart);
  EXPECT_EQ(cache.find("a", kStart), action);
  EXPECT_EQ(cache.find("b", kStart), nullptr);
}

TEST(ActionCache, ForgetsWhatNobodyAskedForInFiveMinutes) {
  ActionCache cache(100, minutes(5));
  cache.keep("a", named("a"), 10, kStart);
  cache.keep("b", named("b"), 10, kStart);
  EXPECT_NE(cache.find("a", kStart + minutes(4)), nullptr);
  EXPECT_EQ(cache.find("b", kStart + minutes(5)), nullptr);
  EXPECT_NE(cache.find("a", kStart + minutes(9) - seconds(1)), nullptr);
  EXPECT_EQ(cache.bytes(), 10U);
}

TEST(ActionCache, DropsTheLeastRecentlyUsedWhenItIsFull) {
  ActionCache cache(100, minutes(5));
  cache.keep("a", named("a"), 40, kStart);
  cache.keep("b", named("b"), 40, kStart);
  EXPECT_NE(cache.find("a", kStart), nullptr);
  cache.keep("c", named("c"), 40, kStart);
  EXPECT_NE(cache.find("a", kStart), nullptr);
  EXPECT_EQ(cache.find("b", kStart), nullptr);
  EXPECT_EQ(cache.bytes(), 80U);
}

TEST(ActionCache, LeavesOutWhatIsLargerThanItself) {
  ActionCache cache(100, minutes(5));
  cache.keep("a", named("a"), 101, kStart);
  EXPECT_EQ(cache.size(), 0U);
  EXPECT_EQ(cache.bytes(), 0U);
}

}  // namespace
}  // namespace invoker_couchdb
