#include <gtest/gtest.h>

#include <atomic>

#include "broker.h"
#include "testing/services.h"

namespace kafka_testing {
namespace {

using base::ErrorCode;

class KafkaProducer : public testing::Test {
 protected:
  void SetUp() override {
    NEEDS_SERVICE("kafka");
    world.emplace(testing_services::address_of("kafka"));
  }
  std::optional<World> world;
};

TEST_F(KafkaProducer, SaysWhenAMessageHasArrived) {
  const std::string topic = make_topic(*world, "sent");
  Sender sender(*world);
  const auto status = sender.send(topic, "hello");
  EXPECT_TRUE(status.ok()) << status.error().message;
}

TEST_F(KafkaProducer, KeepsTheOrderOfThoseSentOneByOne) {
  const std::string topic = make_topic(*world, "one-by-one");
  Sender sender(*world);
  for (const auto& message : numbered(0, 100)) ASSERT_TRUE(sender.send(topic, message).ok());
  const auto consumer = open_consumer(*world, topic);
  EXPECT_EQ(read(*consumer, 100), numbered(0, 100));
}

// Left alone, the library looks once a second who leads the topics that it was given messages for.
TEST_F(KafkaProducer, TheFirstMessageToATopicDoesNotWait) {
  constexpr int kTopics = 10;
  std::vector<std::string> topics;
  for (int i = 0; i < kTopics; ++i) topics.push_back(make_topic(*world, "first"));
  Sender sender(*world);
  ASSERT_TRUE(sender.send(topics.front(), "connected").ok());
  const auto begin = std::chrono::steady_clock::now();
  for (const std::string& topic : topics) ASSERT_TRUE(sender.send(topic, "first").ok());
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(4));
}

TEST_F(KafkaProducer, RefusesWhatIsLargerThanTheBusTakes) {
  const std::string topic = make_topic(*world, "too-large");
  Sender sender(*world);
  const auto status = sender.send(topic, std::string(1'100'000, 'x'));
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, ErrorCode::kInvalidArgument) << status.error().message;
  EXPECT_TRUE(sender.send(topic, "small").ok());
}

// The broker's own limit, of which the client knows nothing.
TEST_F(KafkaProducer, RefusesWhatIsLargerThanTheTopicTakes) {
  const std::string topic = make_topic(*world, "narrow", 1, {{"max.message.bytes", "1000"}});
  Sender sender(*world);
  const auto status = sender.send(topic, std::string(2'000, 'x'));
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, ErrorCode::kInvalidArgument) << status.error().message;
  EXPECT_TRUE(sender.send(topic, "small").ok());
}

// Messages that go together must not become too large together.
TEST_F(KafkaProducer, SendsManyLargeMessagesAtOnce) {
  const std::string topic = make_topic(*world, "many-large", 1, {{"max.message.bytes", "1054644"}});
  const auto producer = open_producer(*world);
  std::atomic<int> arrived = 0;
  std::atomic<int> refused = 0;
  for (const std::size_t size : {600'000u, 400'000u, 600'000u, 1'050'000u, 500'000u, 500'000u})
    producer->send(topic, std::string(size, 'x'),
                   [&](const base::Status& status) { ++(status.ok() ? arrived : refused); });
  EXPECT_TRUE(producer->flush(std::chrono::steady_clock::now() + std::chrono::seconds(30)).ok());
  EXPECT_EQ(arrived, 6);
  EXPECT_EQ(refused, 0);
}

TEST_F(KafkaProducer, TellsOfEveryMessageWhenItEnds) {
  std::atomic<int> told = 0;
  {
    const auto producer = open_producer(*world);
    for (int i = 0; i < 100; ++i)  // nobody made this topic, so they wait
      producer->send(unique_name("missing"), "x", [&](const base::Status& status) {
        EXPECT_FALSE(status.ok());
        ++told;
      });
    EXPECT_EQ(
        producer->flush(std::chrono::steady_clock::now() + base::milliseconds(10)).error().code,
        ErrorCode::kDeadlineExceeded);
  }
  EXPECT_EQ(told, 100);
}

TEST(KafkaProducerWithoutBroker, SaysAtOnceThatTooMuchWaits) {
  invoker_kafka::KafkaConfig config;
  config.producer = {{"buffer-memory", "1048576"}};
  const World world("127.0.0.1:1", config);
  const auto producer = open_producer(world);
  std::atomic<int> full = 0;
  for (int i = 0; i < 20; ++i)
    producer->send("topic", std::string(100'000, 'x'), [&](const base::Status& status) {
      if (!status.ok() && status.error().message.find("full") != std::string::npos) ++full;
    });
  EXPECT_GE(full, 9);
}

TEST(KafkaProducerWithoutBroker, SaysThatAMessageDidNotArriveInTime) {
  invoker_kafka::KafkaConfig config;
  config.producer = {{"delivery-timeout-ms", "300"}, {"request-timeout-ms", "200"}};
  const World world("127.0.0.1:1", config);
  Sender sender(world);
  const auto status = sender.send("topic", "x");
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, ErrorCode::kUnavailable) << status.error().message;
}

}  // namespace
}  // namespace kafka_testing
