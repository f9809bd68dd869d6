// The small parts: users, throttle, ids, limits.
#include <gtest/gtest.h>

#include <future>
#include <set>

#include "standalone/ids.h"
#include "standalone/limits.h"
#include "standalone/throttle.h"
#include "standalone/users.h"
#include "standalone/work_pool.h"

namespace {

using base::Json;

TEST(Users, KeysAreChecked) {
  auto users = standalone::Users::well_known();
  EXPECT_FALSE(users.add("whisk.test", "no-colon").ok());
  EXPECT_FALSE(users.add("whisk.test", "uuid:short").ok());
  EXPECT_FALSE(users.add("tiny", "uuid:" + std::string(64, 's')).ok());
  EXPECT_TRUE(users.add("whisk.test", "uuid:" + std::string(64, 's')).ok());
  EXPECT_FALSE(users.add("other.test", "uuid:" + std::string(64, 't')).ok());
}

TEST(Throttle, CountsEachNamespaceByItself) {
  standalone::Throttle throttle;
  EXPECT_FALSE(throttle.attempt("a", {}, 1).has_value());
  EXPECT_TRUE(throttle.attempt("a", {}, 1).has_value());
  EXPECT_FALSE(throttle.attempt("b", {}, 1).has_value());
  EXPECT_TRUE(throttle.attempt("c", {}, 0).has_value());
  EXPECT_FALSE(throttle.begin("a", 1).has_value());
  EXPECT_TRUE(throttle.begin("a", 1).has_value());
  throttle.end("a");
  EXPECT_FALSE(throttle.begin("a", 1).has_value());
}

TEST(RandomIds, HaveTheirShapeAndDiffer) {
  standalone::RandomIds ids;
  std::set<std::string> seen;
  for (int i = 0; i < 10'000; ++i) {
    const std::string id = ids.activation_id();
    ASSERT_EQ(id.size(), 32u);
    ASSERT_EQ(id.find_first_not_of("0123456789abcdef"), std::string::npos);
    ASSERT_TRUE(seen.insert(id).second);
  }
  EXPECT_EQ(ids.transaction_id().size(), 32u);
}

TEST(ServiceLimits, OfANamespaceCanOnlyNarrowTheRanges) {
  const auto limits = standalone::ServiceLimits().with_overrides(
      Json::parse(R"({"maxActionMemory":4096,"minActionTimeout":500,"maxActionTimeout":1000,
                      "concurrentInvocations":0,"invocationsPerMinute":5})")
          .value());
  EXPECT_EQ(limits.memory_mb.max, 512);
  EXPECT_EQ(limits.timeout_ms.min, 500);
  EXPECT_EQ(limits.timeout_ms.max, 1000);
  EXPECT_EQ(limits.concurrent_invocations, 0);
  EXPECT_EQ(limits.invocations_per_minute, 5);
}

TEST(WorkPool, RefusesWhatDoesNotFitAndRunsWhatItTook) {
  std::promise<void> gate;
  std::promise<void> started;
  auto open = gate.get_future().share();
  std::atomic<int> ran{0};
  {
    standalone::WorkPool pool(1, 1);
    ASSERT_TRUE(pool.try_run([&] {
      started.set_value();
      open.wait();
      ++ran;
    }));
    started.get_future().wait();
    EXPECT_TRUE(pool.try_run([&] { ++ran; }));
    EXPECT_FALSE(pool.try_run([&] { ++ran; }));
    gate.set_value();
  }
  EXPECT_EQ(ran, 2);
}

}  // namespace
