#include "gpu_leases/lease_book.h"

#include <gtest/gtest.h>

#include "node.h"

namespace gpu_leases_testing {
namespace {

using gpu_leases::Config;
using gpu_leases::Refusal;

// One GPU of 100 bytes, of which a session takes 5 and one is kept ahead: 90 for a single lease.
Config one_gpu() {
  return {.gpus = {{.memory_bytes = 100}},
          .idle_sessions = 1,
          .session_bytes = 5,
          .default_memory_bytes = 10,
          .passed_over_max = 1s};
}

Node started(Config config) {
  Node node(std::move(config));
  node.start();
  node.ready_all();
  return node;
}

TEST(LeaseBookTest, KeepsSessionsAheadOnEachGpu) {
  Config config = one_gpu();
  config.gpus.push_back({.memory_bytes = 100});
  config.idle_sessions = 3;
  Node node(config);
  node.start();
  EXPECT_EQ(node.starting().size(), 6u);
}

TEST(LeaseBookTest, GrantsAtOnceAndReplacesTheSession) {
  Node node = started(one_gpu());
  const auto lease = node.ask("a", 50);
  EXPECT_TRUE(node.holds(lease));
  EXPECT_EQ(node.starting().size(), 1u);
  EXPECT_EQ(node.book().free_bytes(0), 100u - 5 - 55);
  EXPECT_EQ(node.book().stats().granted_at_once, 1u);
}

TEST(LeaseBookTest, WaitsForASessionThatStarts) {
  Node node(one_gpu());
  node.start();
  const auto lease = node.ask("a", 50);
  EXPECT_FALSE(node.holds(lease));
  node.ready_all();
  EXPECT_TRUE(node.holds(lease));
  EXPECT_EQ(node.book().stats().granted_at_once, 0u);
}

TEST(LeaseBookTest, RefusesWhatFitsNeverAtOnce) {
  Node node = started(one_gpu());
  EXPECT_EQ(node.refusal_of(node.ask("a", 91)), Refusal::kNeverFits);
  EXPECT_EQ(node.refusal_of(node.ask("a", ~std::uint64_t{0})), Refusal::kNeverFits);
  EXPECT_EQ(node.refusal_of(node.ask("a", 1, 2)), Refusal::kNeverFits);
  EXPECT_EQ(node.refusal_of(node.ask("a", 1, 0)), Refusal::kNeverFits);
  EXPECT_TRUE(node.holds(node.ask("a", 90)));
}

TEST(LeaseBookTest, AFullGpuMakesOthersWaitAndFailsNobody) {
  Node node = started(one_gpu());
  const auto first = node.ask("a", 80);
  const auto second = node.ask("b", 80);
  node.ready_all();
  EXPECT_FALSE(node.holds(second));
  node.release(first);
  EXPECT_FALSE(node.holds(second)) << "the session of the first still holds the memory";
  node.gone_all();
  EXPECT_TRUE(node.holds(second));
  EXPECT_EQ(node.refusal_of(second), std::nullopt);
}

TEST(LeaseBookTest, ASessionIsUsedForOneLease) {
  Node node = started(one_gpu());
  const auto first = node.ask("a", 10);
  const auto session = node.session_of(first);
  node.release(first);
  node.gone_all();
  node.ready_all();
  EXPECT_NE(node.session_of(node.ask("a", 10)), session);
}

TEST(LeaseBookTest, WhoHasUsedLeastIsServedFirst) {
  Node node = started(one_gpu());
  const auto running = node.ask("greedy", 90);
  std::vector<LeaseId> greedy;
  for (int i = 0; i < 5; ++i) greedy.push_back(node.ask("greedy", 90));
  const auto modest = node.ask("modest", 90);
  node.pass(10s);
  node.ready_all();
  node.release(running);
  node.gone_all();
  EXPECT_TRUE(node.holds(modest));
}

TEST(LeaseBookTest, SmallerOnesOvertakeForAWhileOnly) {
  Node node = started(one_gpu());
  const auto holder = node.ask("a", 60);
  const auto large = node.ask("b", 80);
  node.ready_all();
  const auto small = node.ask("c", 10);
  EXPECT_TRUE(node.holds(small));
  node.pass(1s);
  node.ready_all();
  const auto late = node.ask("d", 10);
  EXPECT_FALSE(node.holds(late)) << "room is kept for the one that waited longest";
  node.release(holder);
  node.release(small);
  node.gone_all();
  EXPECT_TRUE(node.holds(large));
}

TEST(LeaseBookTest, WaitingEndsWithASentence) {
  Node node = started(one_gpu());
  node.ask("a", 90);
  const auto late = node.ask("b", 90, 1, 500ms);
  node.pass(499ms);
  EXPECT_EQ(node.refusal_of(late), std::nullopt);
  node.pass(1ms);
  EXPECT_EQ(node.refusal_of(late), Refusal::kTooLate);
}

TEST(LeaseBookTest, ALineHasAnEndForEachNamespaceAndForAll) {
  Config config = one_gpu();
  config.waiting_per_namespace_max = 2;
  config.waiting_max = 3;
  Node node = started(config);
  node.ask("a", 90);
  EXPECT_EQ(node.refusal_of(node.ask("a", 90)), std::nullopt);
  EXPECT_EQ(node.refusal_of(node.ask("a", 90)), std::nullopt);
  EXPECT_EQ(node.refusal_of(node.ask("a", 90)), Refusal::kFull);
  EXPECT_EQ(node.refusal_of(node.ask("b", 90)), std::nullopt);
  EXPECT_EQ(node.refusal_of(node.ask("c", 90)), Refusal::kFull);
}

TEST(LeaseBookTest, ALeaseExpires) {
  Node node = started(one_gpu());
  const auto lease = node.ask("a", 90, 1, 1h, 10s);
  node.pass(10s);
  EXPECT_EQ(node.lost(lease), true);
  EXPECT_EQ(node.ending().size(), 1u);
}

TEST(LeaseBookTest, ASessionThatDiesTakesItsLeaseAlone) {
  Node node = started(one_gpu());
  const auto first = node.ask("a", 40);
  node.ready_all();
  const auto second = node.ask("b", 40);
  node.gone(node.session_of(first));
  EXPECT_EQ(node.lost(first), false);
  EXPECT_TRUE(node.holds(second));
}

TEST(LeaseBookTest, TriesASessionThatDoesNotStartThreeTimes) {
  Config config = one_gpu();
  config.idle_sessions = 0;
  Node node = started(config);
  const auto lease = node.ask("a", 10);
  for (int i = 0; i < 2; ++i) {
    ASSERT_EQ(node.starting().size(), 1u);
    node.gone(*node.starting().begin());
    EXPECT_TRUE(node.starting().empty()) << "not at once";
    node.pass(1s);
  }
  node.gone(*node.starting().begin());
  EXPECT_EQ(node.refusal_of(lease), Refusal::kNoSession);
  EXPECT_EQ(node.book().free_bytes(0), 100u);
}

TEST(LeaseBookTest, SparesThatDoNotStartAreTriedLessAndLessOften) {
  Node node(one_gpu());
  node.start();
  int starts = 0;
  for (int i = 0; i < 600; ++i) {
    if (!node.starting().empty()) {
      ++starts;
      node.gone(*node.starting().begin());
    }
    node.pass(100ms);
  }
  EXPECT_GE(starts, 5);
  EXPECT_LE(starts, 12) << "of one minute";
}

TEST(LeaseBookTest, GivesSeveralGpusToOneLeaseOrNone) {
  Config config = one_gpu();
  config.gpus.push_back({.memory_bytes = 100});
  Node node = started(config);
  const auto one = node.ask("a", 80);
  const auto both = node.ask("b", 50, 2);
  node.ready_all();
  EXPECT_FALSE(node.holds(both));
  node.release(one);
  node.gone_all();
  node.ready_all();
  ASSERT_TRUE(node.holds(both));
  EXPECT_EQ(node.gpus_of(both).size(), 2u);
}

TEST(LeaseBookTest, SpreadsOverGpus) {
  Config config = one_gpu();
  config.gpus.push_back({.memory_bytes = 100});
  Node node = started(config);
  const auto first = node.ask("a", 10);
  const auto second = node.ask("a", 10);
  EXPECT_NE(node.gpus_of(first), node.gpus_of(second));
}

TEST(LeaseBookTest, GivesTheKindOfDeviceThatIsAskedFor) {
  Config config = one_gpu();
  config.gpus.push_back({.kind = gpu_leases::DeviceKind::kCuda, .memory_bytes = 100});
  gpu_leases::LeaseBook book(config);
  book.start({});
  gpu_leases::Request request{.memory_bytes = 10, .device = gpu_leases::DeviceWish::kCuda};
  EXPECT_TRUE(book.quote(request).ever);
  request.count = 2;
  EXPECT_FALSE(book.quote(request).ever);
  request.device = gpu_leases::DeviceWish::kAny;
  EXPECT_TRUE(book.quote(request).ever);
}

TEST(LeaseBookTest, AReleaseWhileTheSessionStartsEndsIt) {
  Node node(one_gpu());
  node.start();
  const auto lease = node.ask("a", 10);
  node.release(lease);
  EXPECT_EQ(node.ending().size(), 1u);
  node.gone_all();
  EXPECT_FALSE(node.holds(lease));
  EXPECT_EQ(node.book().free_bytes(0), 95u);
}

TEST(LeaseBookTest, AStopRefusesWhoWaitsAndLetsOthersEnd) {
  Node node = started(one_gpu());
  const auto running = node.ask("a", 90);
  const auto waiting = node.ask("b", 90);
  node.stop();
  EXPECT_TRUE(node.holds(running));
  EXPECT_EQ(node.refusal_of(waiting), Refusal::kStopping);
  EXPECT_EQ(node.refusal_of(node.ask("c", 10)), Refusal::kStopping);
  node.release(running);
  node.gone_all();
  EXPECT_TRUE(node.starting().empty());
}

TEST(LeaseBookTest, AQuoteSaysWhetherThereIsRoomNow) {
  Node node = started(one_gpu());
  const gpu_leases::Request request{.namespace_name = "a", .memory_bytes = 60};
  EXPECT_TRUE(node.book().quote(request).now);
  EXPECT_TRUE(node.book().quote(request).warm);
  node.ask("a", 60);
  const auto later = node.book().quote(request);
  EXPECT_TRUE(later.ever);
  EXPECT_FALSE(later.now);
  EXPECT_EQ(later.same_namespace, 1u);
}

}  // namespace
}  // namespace gpu_leases_testing
