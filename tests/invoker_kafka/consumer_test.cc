#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

#include "broker.h"
#include "testing/services.h"

namespace kafka_testing {
namespace {

using base::ErrorCode;
using std::chrono::milliseconds;

class KafkaConsumer : public testing::Test {
 protected:
  void SetUp() override {
    NEEDS_SERVICE("kafka");
    invoker_kafka::KafkaConfig config;
    config.consumer = {{"session-timeout-ms", "2000"}, {"heartbeat-interval-ms", "500"}};
    world.emplace(testing_services::address_of("kafka"), config);
    sender.emplace(*world);
  }
  std::optional<World> world;
  std::optional<Sender> sender;
};

TEST_F(KafkaConsumer, GivesWhatWasSentInOrder) {
  const std::string topic = make_topic(*world, "order");
  const auto consumer = open_consumer(*world, topic);
  sender->send_numbered(topic, 0, 1000);
  EXPECT_EQ(read(*consumer, 1000), numbered(0, 1000));
}

// As OpenWhisk's: a group that is new begins with the oldest message that the broker still has.
TEST_F(KafkaConsumer, OfANewGroupBeginsWithWhatWasSentBefore) {
  const std::string topic = make_topic(*world, "earlier");
  sender->send_numbered(topic, 0, 100);
  const auto consumer = open_consumer(*world, topic);
  EXPECT_EQ(read(*consumer, 100), numbered(0, 100));
}

TEST_F(KafkaConsumer, GivesNoMoreThanIsAskedFor) {
  const std::string topic = make_topic(*world, "bounded");
  const auto consumer = open_consumer(*world, topic);
  sender->send_numbered(topic, 0, 50);
  EXPECT_LE(peek_some(*consumer, 7).size(), 7u);
}

TEST_F(KafkaConsumer, GivesTheSameAgainToTheNextWhenNothingWasCommitted) {
  const std::string topic = make_topic(*world, "again");
  sender->send_numbered(topic, 0, 10);
  auto consumer = open_consumer(*world, topic);
  EXPECT_FALSE(peek_some(*consumer, 10).empty());
  consumer.reset();
  consumer = open_consumer(*world, topic);
  EXPECT_EQ(read(*consumer, 10), numbered(0, 10));
}

TEST_F(KafkaConsumer, GoesOnBehindWhatItsGroupCommitted) {
  const std::string topic = make_topic(*world, "resume");
  sender->send_numbered(topic, 0, 10);
  auto consumer = open_consumer(*world, topic);
  EXPECT_EQ(read(*consumer, 10), numbered(0, 10));
  consumer.reset();
  sender->send_numbered(topic, 10, 5);
  consumer = open_consumer(*world, topic);
  EXPECT_EQ(read(*consumer, 5), numbered(10, 5));
}

TEST_F(KafkaConsumer, HasNothingAfterTheLast) {
  const std::string topic = make_topic(*world, "empty");
  const auto consumer = open_consumer(*world, topic);
  sender->send_numbered(topic, 0, 1);
  read(*consumer, 1);
  const auto batch = consumer->peek(10, milliseconds(50));
  ASSERT_TRUE(batch.ok()) << batch.error().message;
  EXPECT_TRUE(batch->empty());
}

TEST_F(KafkaConsumer, ReadsEveryPartition) {
  const std::string topic = make_topic(*world, "partitions", 3);
  const auto consumer = open_consumer(*world, topic);
  sender->send_numbered(topic, 0, 300);
  auto messages = read(*consumer, 300);
  auto expected = numbered(0, 300);
  std::ranges::sort(messages);
  std::ranges::sort(expected);
  EXPECT_EQ(messages, expected);
}

TEST_F(KafkaConsumer, GivesAMessageWithoutABodyAsAnEmptyOne) {
  const std::string topic = make_topic(*world, "no-body");
  const auto consumer = open_consumer(*world, topic);
  ASSERT_TRUE(sender->send(topic, "").ok());
  EXPECT_EQ(read(*consumer, 1), std::vector<std::string>{""});
}

TEST_F(KafkaConsumer, CarriesTheLargestMessage) {
  const std::string topic = make_topic(*world, "large", 1, {{"max.message.bytes", "1054644"}});
  const auto consumer = open_consumer(*world, topic);
  const std::string message(1'050'000, 'x');
  ASSERT_TRUE(sender->send(topic, message).ok());
  const auto messages = read(*consumer, 1);
  ASSERT_EQ(messages.size(), 1u);
  EXPECT_TRUE(messages[0] == message);
}

TEST_F(KafkaConsumer, CountsWhatWaits) {
  const std::string topic = make_topic(*world, "lag");
  sender->send_numbered(topic, 0, 10);
  const auto consumer = open_consumer(*world, topic);
  const auto first = peek_some(*consumer, 4);
  auto lag = consumer->lag();
  ASSERT_TRUE(lag.ok()) << lag.error().message;
  EXPECT_EQ(*lag, 10 - static_cast<std::int64_t>(first.size()));
}

TEST_F(KafkaConsumer, CountsWhatWaitsBehindTheCommitOfAFormerOne) {
  const std::string topic = make_topic(*world, "lag-resume");
  sender->send_numbered(topic, 0, 6);
  auto consumer = open_consumer(*world, topic);
  read(*consumer, 6);
  consumer.reset();
  consumer = open_consumer(*world, topic);
  EXPECT_EQ(consumer->lag().ok(), false);  // not a member yet
  ASSERT_TRUE(consumer->peek(1, milliseconds(0)).ok());
  base::Result<std::int64_t> lag = consumer->lag();
  for (int i = 0; i < 100 && !lag.ok(); ++i) {
    ASSERT_TRUE(consumer->peek(1, milliseconds(50)).ok());
    lag = consumer->lag();
  }
  ASSERT_TRUE(lag.ok()) << lag.error().message;
  EXPECT_EQ(*lag, 0);
}

TEST_F(KafkaConsumer, SaysThatThereIsNoSuchTopic) {
  const auto consumer = open_consumer(*world, unique_name("missing"));
  base::ErrorCode code = ErrorCode::kInternal;
  for (int i = 0; i < 100 && code != ErrorCode::kNotFound; ++i)
    if (const auto batch = consumer->peek(1, milliseconds(100)); !batch.ok())
      code = batch.error().code;
  EXPECT_EQ(code, ErrorCode::kNotFound);
}

TEST_F(KafkaConsumer, WakesFromAWait) {
  const std::string topic = make_topic(*world, "wake");
  const auto consumer = open_consumer(*world, topic);
  sender->send_numbered(topic, 0, 1);
  read(*consumer, 1);
  const auto begin = std::chrono::steady_clock::now();
  const std::jthread waker([&] { consumer->wake(); });
  ASSERT_TRUE(consumer->peek(1, std::chrono::minutes(1)).ok());
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(30));
}

// A second member of the group takes the partition between peek and commit.
TEST_F(KafkaConsumer, MayNotCommitWhatTheGroupGaveToAnother) {
  const std::string topic = make_topic(*world, "expelled");
  sender->send_numbered(topic, 0, 10);
  auto first = open_consumer(*world, topic);
  const auto batch = peek_some(*first, 10);
  ASSERT_FALSE(batch.empty());
  // The first does not poll, so it is not asked whether it will give the partition away: its
  // session ends only when it goes silent. A name of its own for the second makes no difference.
  auto second = open_consumer(*world, topic);
  std::vector<std::string> seen;
  base::Status status;
  for (int i = 0; i < 200; ++i) {
    auto more = second->peek(10, milliseconds(50));
    if (more.ok() && !more->empty() && commit_at_last(*second).ok())
      seen.insert(seen.end(), more->begin(), more->end());
    status = first->commit();
    if (status.ok()) break;
    if (status.error().code == ErrorCode::kConflict) break;
  }
  const bool taken = status.ok();
  if (taken) seen.insert(seen.begin(), batch.begin(), batch.end());
  first.reset();
  while (seen.size() < 10) {
    const auto more = read(*second, 10 - seen.size());
    if (more.empty()) break;
    seen.insert(seen.end(), more.begin(), more.end());
  }
  EXPECT_EQ(seen, numbered(0, 10));
}

TEST_F(KafkaConsumer, TakesOverAtOnceFromAKilledOneOfTheSameName) {
  const std::string topic = make_topic(*world, "static");
  sender->send_numbered(topic, 0, 5);
  const auto killed = open_consumer(*world, topic, "invoker0");
  EXPECT_EQ(read(*killed, 5), numbered(0, 5));
  sender->send_numbered(topic, 5, 5);
  const auto heir = open_consumer(*world, topic, "invoker0");
  EXPECT_EQ(read(*heir, 5), numbered(5, 5));
  base::ErrorCode code = ErrorCode::kInternal;
  for (int i = 0; i < 100 && code != ErrorCode::kPermissionDenied; ++i) {
    const auto batch = killed->peek(5, milliseconds(100));
    if (!batch.ok()) {
      code = batch.error().code;
    } else if (!batch->empty()) {  // fetched before it was shut out
      const auto status = commit_at_last(*killed);
      ASSERT_FALSE(status.ok());
      EXPECT_EQ(status.error().code, ErrorCode::kConflict) << status.error().message;
    }
  }
  EXPECT_EQ(code, ErrorCode::kPermissionDenied);
}

}  // namespace
}  // namespace kafka_testing
