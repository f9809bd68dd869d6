#include "controller_sim/balancer.h"

#include <gtest/gtest.h>

namespace controller_sim {
namespace {

using namespace std::chrono_literals;

Ping ping_of(int id, std::int64_t memory_mb = 2048, bool enabled = true) {
  Ping ping;
  ping.instance.id = id;
  ping.instance.user_memory_bytes = memory_mb << 20;
  ping.enabled = enabled;
  return ping;
}

const base::Instant kStart{1000s};

TEST(ShardingTest, HashesAreJavas) {
  EXPECT_EQ(java_hash("guest"), 98708952);
  EXPECT_EQ(java_hash("guest/hello"), 86723035);
  EXPECT_EQ(java_hash("whisk.system"), -1796040243);
  EXPECT_EQ(java_hash("whisk.system/utils/echo"), 1928623685);
}

TEST(ShardingTest, HomeAndStepAreTheControllers) {
  struct Row {
    const char* space;
    const char* action;
    std::int64_t hash;
    int size, home, step;
  };
  for (const Row& row : {Row{"guest", "guest/hello", 13198339, 9, 1, 7},
                         Row{"guest", "guest/hello", 13198339, 10, 9, 3},
                         Row{"guest", "guest/pkg/hello", 753903232, 3, 1, 1},
                         Row{"whisk.system", "whisk.system/utils/echo", 435753080, 10, 0, 7},
                         Row{"guest", "whisk.system/utils/echo", 1997953949, 9, 2, 2}}) {
    EXPECT_EQ(placement_hash(row.space, row.action), row.hash);
    const std::vector<int> places = walk(row.hash, row.size);
    EXPECT_EQ(places[0], row.home) << row.action << " of " << row.size;
    EXPECT_EQ(places[1], (row.home + row.step) % row.size) << row.action << " of " << row.size;
    EXPECT_EQ(places.size(), static_cast<std::size_t>(row.size) + 1);
  }
}

TEST(ShardingTest, StepsAreCoprime) {
  EXPECT_EQ(step_sizes(1), (std::vector{1}));
  EXPECT_EQ(step_sizes(5), (std::vector{1, 2, 3}));
  EXPECT_EQ(step_sizes(10), (std::vector{1, 3, 7}));
  EXPECT_EQ(step_sizes(12), (std::vector{1, 5, 7, 11}));
}

TEST(ShardingTest, NineTenthsRoundedUpAreManaged) {
  EXPECT_EQ(managed_count(1), 1);
  EXPECT_EQ(managed_count(2), 2);
  EXPECT_EQ(managed_count(10), 9);
  EXPECT_EQ(managed_count(11), 10);
}

TEST(MemorySlotsTest, MemoryIsTakenAndGivenBack) {
  MemorySlots slots(512);
  EXPECT_TRUE(slots.take("a", 1, 256));
  EXPECT_TRUE(slots.take("a", 1, 256));
  EXPECT_FALSE(slots.take("a", 1, 256));
  slots.take_by_force("a", 1, 256);
  EXPECT_EQ(slots.free_mb(), -256);
  for (int i = 0; i < 3; ++i) slots.give_back("a", 1, 256);
  EXPECT_EQ(slots.free_mb(), 512);
}

TEST(MemorySlotsTest, ConcurrentActivationsShareAContainersMemory) {
  MemorySlots slots(512);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(slots.take("a", 3, 256));
  EXPECT_EQ(slots.free_mb(), 256);
  EXPECT_TRUE(slots.take("a", 3, 256));
  EXPECT_EQ(slots.free_mb(), 0);
  EXPECT_TRUE(slots.take("a", 3, 256));
  EXPECT_FALSE(slots.take("b", 3, 256));
  for (int i = 0; i < 5; ++i) slots.give_back("a", 3, 256);
  EXPECT_EQ(slots.free_mb(), 512);
}

TEST(HealthTest, TheFirstSuccessMakesAnInvokerUsable) {
  InvokerHealth health;
  EXPECT_EQ(health.state(), HealthState::kOffline);
  health.ping(true, kStart);
  EXPECT_EQ(health.state(), HealthState::kUnhealthy);
  EXPECT_TRUE(health.take_test_due(kStart));
  EXPECT_FALSE(health.take_test_due(kStart + 59s));
  EXPECT_TRUE(health.take_test_due(kStart + 60s));
  health.outcome(Outcome::kSuccess, kStart + 1s);
  EXPECT_EQ(health.state(), HealthState::kHealthy);
  EXPECT_FALSE(health.take_test_due(kStart + 200s));
}

TEST(HealthTest, MoreThanThreeSystemErrorsOfTenMakeItUnhealthy) {
  InvokerHealth health;
  health.ping(true, kStart);
  for (int i = 0; i < 7; ++i) health.outcome(Outcome::kSuccess, kStart);
  for (int i = 0; i < 3; ++i) health.outcome(Outcome::kSystemError, kStart);
  EXPECT_EQ(health.state(), HealthState::kHealthy);
  health.outcome(Outcome::kSystemError, kStart);
  EXPECT_EQ(health.state(), HealthState::kUnhealthy);
  EXPECT_TRUE(health.take_test_due(kStart));
}

TEST(HealthTest, MoreThanThreeTimeoutsOfTenMakeItUnresponsiveUntilThoseAreForgotten) {
  InvokerHealth health;
  health.ping(true, kStart);
  for (int i = 0; i < 6; ++i) health.outcome(Outcome::kSuccess, kStart);
  for (int i = 0; i < 4; ++i) health.outcome(Outcome::kTimeout, kStart);
  EXPECT_EQ(health.state(), HealthState::kUnresponsive);
  for (int i = 0; i < 6; ++i) health.outcome(Outcome::kSuccess, kStart);
  EXPECT_EQ(health.state(), HealthState::kUnresponsive);
  health.outcome(Outcome::kSuccess, kStart);
  EXPECT_EQ(health.state(), HealthState::kHealthy);
}

TEST(HealthTest, SilenceOrADisabledPingMakeItOffline) {
  InvokerHealth health;
  health.ping(true, kStart);
  health.outcome(Outcome::kSuccess, kStart);
  health.tick(kStart + 10s);
  EXPECT_EQ(health.state(), HealthState::kHealthy);
  health.tick(kStart + 11s);
  EXPECT_EQ(health.state(), HealthState::kOffline);
  health.ping(true, kStart + 12s);
  EXPECT_EQ(health.state(), HealthState::kUnhealthy);
  health.ping(false, kStart + 13s);
  EXPECT_EQ(health.state(), HealthState::kOffline);
}

class BalancerTest : public testing::Test {
 protected:
  void add_healthy(int id, std::int64_t memory_mb) {
    balancer_.ping(ping_of(id, memory_mb), kStart);
    balancer_.outcome(id, Outcome::kSuccess, kStart);
  }
  std::optional<int> choose(const std::string& action) {
    return balancer_.choose("guest", action, {action, 1, 256}, random_);
  }

  Balancer balancer_;
  Random random_{1};
};

TEST_F(BalancerTest, NobodyHealthyNobodyChosen) {
  EXPECT_EQ(choose("guest/hello"), std::nullopt);
  balancer_.ping(ping_of(0), kStart);
  EXPECT_EQ(choose("guest/hello"), std::nullopt);
}

TEST_F(BalancerTest, GapsInTheIdsCountAsOffline) {
  add_healthy(2, 512);
  EXPECT_EQ(balancer_.size(), 3);
  EXPECT_EQ(balancer_.state(0), HealthState::kOffline);
  EXPECT_EQ(balancer_.healthy(), 1);
  EXPECT_EQ(choose("guest/hello"), 2);
}

TEST_F(BalancerTest, AnActionStaysAtItsHomeUntilThatIsFull) {
  for (int id = 0; id < 3; ++id) add_healthy(id, 512);
  // guest/hello of three: home 1, step 2.
  EXPECT_EQ(choose("guest/hello"), 1);
  EXPECT_EQ(choose("guest/hello"), 1);
  EXPECT_EQ(choose("guest/hello"), 0);
  EXPECT_EQ(balancer_.overloads(), 0U);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(choose("guest/hello"));
  EXPECT_EQ(balancer_.overloads(), 0U);
  EXPECT_TRUE(choose("guest/hello"));
  EXPECT_EQ(balancer_.overloads(), 1U);
}

TEST_F(BalancerTest, MemoryIsSharedAmongControllers) {
  Balancer shared(4);
  shared.ping(ping_of(0, 2048), kStart);
  EXPECT_EQ(shared.slots(0).total_mb(), 512);
  shared.ping(ping_of(1, 256), kStart);
  EXPECT_EQ(shared.slots(1).total_mb(), 128);
}

TEST_F(BalancerTest, SlotsStayAsTheyWereWhenAnInvokerComesBackLarger) {
  balancer_.ping(ping_of(0, 512), kStart);
  balancer_.ping(ping_of(0, 4096), kStart);
  EXPECT_EQ(balancer_.slots(0).total_mb(), 512);
}

}  // namespace
}  // namespace controller_sim
