// Whose commit the broker has, where the answer to one was lost.
#include "commit.h"

#include <gtest/gtest.h>

#include "broker.h"
#include "testing/services.h"

namespace kafka_testing {
namespace {

using invoker_kafka::Commit;
using invoker_kafka::Handle;
using invoker_kafka::Offsets;

constexpr std::chrono::milliseconds kWait{10'000};
const Offsets kOffsets{{0, 7}};

class KafkaCommit : public testing::Test {
 protected:
  void SetUp() override {
    NEEDS_SERVICE("kafka");
    world.emplace(testing_services::address_of("kafka"));
    topic = make_topic(*world, "commit");
    client = open();
  }
  // A client that is no member of the group, so it may commit at any time.
  Handle open() const {
    rd_kafka_conf_t* conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "bootstrap.servers", world->config.hosts.c_str(), nullptr, 0);
    rd_kafka_conf_set(conf, "group.id", topic.c_str(), nullptr, 0);
    return Handle(rd_kafka_new(RD_KAFKA_CONSUMER, conf, nullptr, 0));
  }
  static Commit::Answer store(Commit& commit, const Offsets& offsets) {
    Commit::Outcome outcome;
    for (int i = 0; i < 10; ++i) {
      outcome = commit.store(offsets, kWait);
      if (outcome.answer != Commit::Answer::kRetry) break;
    }
    return outcome.answer;
  }
  std::optional<World> world;
  std::string topic;
  Handle client;
};

TEST_F(KafkaCommit, HasArrivedWhenItIsTheBrokersLast) {
  Commit commit(client.get(), topic);
  ASSERT_EQ(store(commit, kOffsets), Commit::Answer::kStored);
  const auto arrived = commit.arrived(kOffsets, kWait);
  ASSERT_TRUE(arrived.ok()) << arrived.error().message;
  EXPECT_TRUE(*arrived);
}

TEST_F(KafkaCommit, OfAnotherIsNotOursEvenAtTheSameOffset) {
  Commit ours(client.get(), topic);
  ASSERT_EQ(store(ours, kOffsets), Commit::Answer::kStored);
  const Handle other_client = open();
  Commit other(other_client.get(), topic);
  ASSERT_EQ(store(other, kOffsets), Commit::Answer::kStored);
  const auto arrived = ours.arrived(kOffsets, kWait);
  ASSERT_TRUE(arrived.ok()) << arrived.error().message;
  EXPECT_FALSE(*arrived);
}

TEST_F(KafkaCommit, RepeatedIsTheSameCommit) {
  Commit commit(client.get(), topic);
  ASSERT_EQ(store(commit, kOffsets), Commit::Answer::kStored);
  ASSERT_EQ(store(commit, kOffsets), Commit::Answer::kStored);
  const auto arrived = commit.arrived(kOffsets, kWait);
  ASSERT_TRUE(arrived.ok()) << arrived.error().message;
  EXPECT_TRUE(*arrived);
}

TEST_F(KafkaCommit, HasNotArrivedWhenNothingIsThere) {
  Commit commit(client.get(), topic);
  const auto arrived = commit.arrived(kOffsets, kWait);
  ASSERT_TRUE(arrived.ok()) << arrived.error().message;
  EXPECT_FALSE(*arrived);
}

}  // namespace
}  // namespace kafka_testing
