// The feed over a topic in memory.
#include "invoker/message_feed.h"

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "testing/fake_consumer.h"

namespace invoker {
namespace {

using base::ErrorCode;
using Texts = std::vector<std::string>;

base::Instant soon() { return std::chrono::steady_clock::now() + std::chrono::seconds(30); }

const base::Error kAway{ErrorCode::kUnavailable, "the bus is away"};
const base::Error kRegrouped{ErrorCode::kConflict, "it comes again"};

class MessageFeedTest : public testing::Test {
 protected:
  void take(std::string message) {
    const std::lock_guard lock(mutex);
    // What is not committed must not be begun.
    uncommitted = uncommitted || begun.size() >= consumer.committed();
    begun.push_back(std::move(message));
    changed.notify_all();
  }
  Texts wait_for(std::size_t count) {
    std::unique_lock lock(mutex);
    changed.wait_for(lock, std::chrono::seconds(30), [&] { return begun.size() >= count; });
    return begun;
  }
  void put(int count) {
    for (int i = 0; i < count; ++i) consumer.put(std::to_string(i));
  }
  static Texts texts(int count) {
    Texts result;
    for (int i = 0; i < count; ++i) result.push_back(std::to_string(i));
    return result;
  }

  testing_support::FakeConsumer consumer;
  base::SystemClock clock;
  base::DiscardSink sink;
  base::Logger log{sink, clock};
  std::mutex mutex;  // guards begun and uncommitted
  std::condition_variable changed;
  Texts begun;
  bool uncommitted = false;
  MessageFeed feed{consumer,
                   {.peek_max = 4, .begun_max = 4, .depth_max = 8},
                   [this](std::string message) { take(std::move(message)); },
                   log};
};

TEST_F(MessageFeedTest, HandsOverWhatIsCommittedInOrder) {
  put(4);
  feed.start();
  EXPECT_EQ(wait_for(4), texts(4));
  EXPECT_FALSE(uncommitted);
}

TEST_F(MessageFeedTest, HandsOverNoMoreThanCanBeBegun) {
  put(20);
  feed.start();
  consumer.wait_for_commits(3);  // four begun, eight waiting
  EXPECT_EQ(wait_for(4), texts(4));
  feed.processed();
  EXPECT_EQ(wait_for(5), texts(5));
  const FeedStats stats = feed.stats();
  EXPECT_EQ(stats.begun, 4u);
  EXPECT_EQ(stats.handed_over, 5u);
  EXPECT_LE(stats.waiting, 8u);
}

TEST_F(MessageFeedTest, ReturnsWhatIsCommittedAndNotBegunWhenItStops) {
  put(20);
  feed.start();
  consumer.wait_for_commits(3);
  wait_for(4);
  const Texts rest = feed.stop(soon());
  Texts all = begun;
  all.insert(all.end(), rest.begin(), rest.end());
  EXPECT_EQ(all.size(), consumer.committed());
  EXPECT_EQ(all, texts(static_cast<int>(all.size())));
}

TEST_F(MessageFeedTest, GoesOnWhenPeeksFail) {
  consumer.fail_peeks(kAway, 3);
  put(4);
  feed.start();
  EXPECT_EQ(wait_for(4), texts(4));
  EXPECT_GE(consumer.peeks(), 4);
}

TEST_F(MessageFeedTest, TriesACommitAgainBeforeItHandsOver) {
  consumer.fail_commits(kAway, 3);
  put(4);
  feed.start();
  EXPECT_EQ(wait_for(4), texts(4));
  EXPECT_FALSE(uncommitted);
  EXPECT_EQ(feed.stats().came_again, 0u);
}

TEST_F(MessageFeedTest, ForgetsABatchThatComesAgain) {
  consumer.fail_commits(kRegrouped, 1);
  put(4);
  feed.start();
  EXPECT_EQ(wait_for(4), texts(4));
  EXPECT_FALSE(uncommitted);
  EXPECT_EQ(feed.stats().came_again, 4u);
}

TEST_F(MessageFeedTest, LeavesABatchToTheBusWhenItsCommitDoesNotSucceedInTime) {
  consumer.fail_commits(kAway, 1'000'000);
  put(4);
  feed.start();
  consumer.wait_for_commits(1);
  EXPECT_EQ(feed.stop(std::chrono::steady_clock::now()), Texts{});
  EXPECT_EQ(wait_for(0), Texts{});
  EXPECT_EQ(consumer.committed(), 0u);
}

TEST_F(MessageFeedTest, WaitsForACommitThatSucceedsBeforeTheStopEnds) {
  consumer.fail_commits(kAway, 2);
  put(4);
  feed.start();
  consumer.wait_for_commits(1);
  const Texts rest = feed.stop(soon());
  EXPECT_EQ(rest.size() + wait_for(0).size(), consumer.committed());
  EXPECT_EQ(consumer.committed(), 4u);
}

TEST_F(MessageFeedTest, SaysWhatTroubleItHas) {
  consumer.fail_commits(kAway, 1'000'000);
  put(1);
  feed.start();
  consumer.wait_for_commits(2);
  const FeedStats stats = feed.stats();
  EXPECT_EQ(stats.trouble, "the bus is away");
  EXPECT_NE(stats.trouble_since, base::Instant{});
}

TEST_F(MessageFeedTest, StopsWithoutHavingBeenStarted) { EXPECT_EQ(feed.stop(soon()), Texts{}); }

TEST_F(MessageFeedTest, StopsAtOnceWhileItWaitsForMessages) {
  feed.start();
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(feed.stop(soon()), Texts{});
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(900));
}

// A message that cannot be read ends while it is handed over.
TEST(MessageFeedReentry, AnyNumberMayEndWhileTheyAreHandedOver) {
  testing_support::FakeConsumer consumer;
  base::SystemClock clock;
  base::DiscardSink sink;
  std::atomic<int> count = 0;
  MessageFeed* self = nullptr;
  MessageFeed feed(
      consumer, {.peek_max = 100'000, .begun_max = 1, .depth_max = 100'000},
      [&](const std::string&) {
        self->processed();
        ++count;
      },
      base::Logger(sink, clock));
  self = &feed;
  for (int i = 0; i < 100'000; ++i) consumer.put("x");
  feed.start();
  while (count < 100'000) std::this_thread::yield();
  feed.stop(soon());
}

// Many threads end messages while the feed goes on and stops.
TEST(MessageFeedThreads, LoseNothing) {
  testing_support::FakeConsumer consumer;
  base::SystemClock clock;
  base::DiscardSink sink;
  constexpr int kCount = 20'000;
  std::mutex mutex;
  std::condition_variable changed;
  int ready = 0;
  int seen = 0;
  bool over = false;
  MessageFeed feed(
      consumer, {.peek_max = 16, .begun_max = 16, .depth_max = 32},
      [&](const std::string&) {
        const std::lock_guard lock(mutex);
        ++ready;
        ++seen;
        changed.notify_all();
      },
      base::Logger(sink, clock));
  for (int i = 0; i < kCount; ++i) consumer.put("x");
  std::vector<std::jthread> workers;
  for (int i = 0; i < 4; ++i)
    workers.emplace_back([&] {
      std::unique_lock lock(mutex);
      while (true) {
        changed.wait(lock, [&] { return ready > 0 || over; });
        if (ready == 0) return;
        --ready;
        lock.unlock();
        feed.processed();
        lock.lock();
      }
    });
  feed.start();
  {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return seen >= kCount / 2; });
  }
  const auto rest = feed.stop(soon());
  {
    const std::lock_guard lock(mutex);
    over = true;
  }
  changed.notify_all();
  workers.clear();
  EXPECT_EQ(static_cast<std::size_t>(seen) + rest.size(), consumer.committed());
}

}  // namespace
}  // namespace invoker
