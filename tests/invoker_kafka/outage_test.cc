// The broker goes away under load, and comes back.
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "broker.h"
#include "invoker/message_feed.h"
#include "own_broker.h"
#include "topic_reader.h"

namespace kafka_testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds kPatience{90};

// Sends numbers until told to stop; what is not known to have arrived is sent again.
class Load {
 public:
  Load(const World& world, std::string topic)
      : producer_(open_producer(world)), topic_(std::move(topic)) {
    sender_ = std::jthread([this](const std::stop_token& stop) { send_all(stop); });
  }
  // Returns when everything has arrived.
  void stop() {
    sender_.request_stop();
    sender_.join();
    while (true) {
      ASSERT_TRUE(producer_->flush(std::chrono::steady_clock::now() + kPatience).ok());
      std::vector<std::string> again;
      {
        const std::lock_guard lock(mutex_);
        again.swap(again_);
      }
      if (again.empty()) return;
      for (std::string& message : again) send(std::move(message));
    }
  }

 private:
  void send_all(const std::stop_token& stop) {
    for (int number = 0; !stop.stop_requested(); ++number) {
      send(std::to_string(number));
      std::unique_lock lock(mutex_);  // a hundred on their way are enough
      arrived_.wait_for(lock, seconds(1), [&] { return on_their_way_ < 100; });
    }
  }
  void send(std::string message) {
    {
      const std::lock_guard lock(mutex_);
      ++on_their_way_;
    }
    producer_->send(topic_, message, [this, message](const base::Status& status) {
      const std::lock_guard lock(mutex_);
      --on_their_way_;
      if (!status.ok()) again_.push_back(message);
      arrived_.notify_all();
    });
  }

  std::mutex mutex_;  // guards on_their_way_ and again_
  std::condition_variable arrived_;
  int on_their_way_ = 0;
  std::vector<std::string> again_;
  std::unique_ptr<invoker::MessageProducer> producer_;  // calls back into what is above
  const std::string topic_;
  std::jthread sender_;
};

// What a feed hands over.
class Taker {
 public:
  Taker(const World& world, const std::string& topic)
      : consumer_(open_consumer(world, topic)),
        feed_(
            *consumer_, {.peek_max = 64, .begun_max = 64, .depth_max = 128},
            [this](std::string message) { take(std::move(message)); }, world.log) {
    feed_.start();
  }
  bool wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kPatience, [&] { return taken_.size() >= count; });
  }
  std::size_t count() {
    const std::lock_guard lock(mutex_);
    return taken_.size();
  }
  std::vector<std::string> stop() {
    const auto rest = feed_.stop(std::chrono::steady_clock::now() + kPatience);
    const std::lock_guard lock(mutex_);
    taken_.insert(taken_.end(), rest.begin(), rest.end());
    return taken_;
  }
  invoker::MessageFeed& feed() { return feed_; }
  invoker::MessageConsumer& consumer() { return *consumer_; }

 private:
  void take(std::string message) {
    {
      const std::lock_guard lock(mutex_);
      taken_.push_back(std::move(message));
      changed_.notify_all();
    }
    feed_.processed();
  }

  std::mutex mutex_;  // guards taken_
  std::condition_variable changed_;
  std::vector<std::string> taken_;
  std::unique_ptr<invoker::MessageConsumer> consumer_;
  invoker::MessageFeed feed_;
};

class KafkaOutage : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (broker.address().empty()) GTEST_SKIP() << "no kafka: " << broker.reason();
    invoker_kafka::KafkaConfig config;
    config.consumer = {{"session-timeout-ms", GetParam()}, {"heartbeat-interval-ms", "300"}};
    world.emplace(broker.address(), config);
  }
  OwnBroker broker;
  std::optional<World> world;
};

// With a short session the group has forgotten its member when the broker is back.
INSTANTIATE_TEST_SUITE_P(Sessions, KafkaOutage, testing::Values("1000", "30000"));

TEST_P(KafkaOutage, LosesAndDoublesNothingUnderLoad) {
  const std::string topic = make_topic(*world, "outage");
  Taker taker(*world, topic);
  Load load(*world, topic);
  for (int round = 0; round < 2; ++round) {
    ASSERT_TRUE(taker.wait_for(taker.count() + 2'000)) << taker.feed().stats().trouble;
    broker.crash();
    broker.resume();
    ASSERT_TRUE(taker.wait_for(taker.count() + 500)) << taker.feed().stats().trouble;
  }
  load.stop();
  ASSERT_TRUE(taker.wait_for(records_of(broker.address(), topic).size()))
      << taker.feed().stats().trouble;
  const std::vector<std::string> taken = taker.stop();
  const std::vector<std::string> records = records_of(broker.address(), topic);
  EXPECT_EQ(taken.size(), records.size());
  EXPECT_TRUE(taken == records);
  std::printf("%zu messages, %lu came again\n", records.size(), taker.feed().stats().came_again);
}

TEST_P(KafkaOutage, IsToldOfAndEnds) {
  const std::string topic = make_topic(*world, "told");
  const auto consumer = open_consumer(*world, topic);
  Sender sender(*world);
  sender.send_numbered(topic, 0, 10);
  EXPECT_EQ(read(*consumer, 10), numbered(0, 10));
  broker.crash();
  base::Status status;
  for (int i = 0; i < 300 && status.ok(); ++i)
    if (auto batch = consumer->peek(1, milliseconds(100)); !batch.ok()) status = batch.error();
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, base::ErrorCode::kUnavailable) << status.error().message;
  broker.resume();
  sender.send_numbered(topic, 10, 10);
  EXPECT_EQ(read(*consumer, 10), numbered(10, 10));
}

TEST_P(KafkaOutage, HoldsUpTheEndForTheSessionAtMost) {
  const std::string topic = make_topic(*world, "end");
  auto consumer = open_consumer(*world, topic);
  Sender sender(*world);
  sender.send_numbered(topic, 0, 10);
  ASSERT_FALSE(peek_some(*consumer, 10).empty());
  broker.crash();
  EXPECT_FALSE(consumer->commit().ok());
  const auto begin = std::chrono::steady_clock::now();
  consumer.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - begin,
            milliseconds(std::stoi(GetParam())) + seconds(5));
}

// Whoever asks is a thread of the invoker, which its end waits for.
TEST_P(KafkaOutage, ABrokerThatHangsIsNotAskedForTheLagForLong) {
  const std::string topic = make_topic(*world, "hang");
  Taker taker(*world, topic);
  Load load(*world, topic);
  ASSERT_TRUE(taker.wait_for(100));
  load.stop();
  ASSERT_TRUE(taker.consumer().lag().ok());
  broker.freeze();
  const auto begin = std::chrono::steady_clock::now();
  const auto lag = taker.consumer().lag();
  const auto took = std::chrono::steady_clock::now() - begin;
  broker.thaw();
  EXPECT_FALSE(lag.ok());
  EXPECT_LT(took, seconds(8)) << "a request may take thirty";
}

}  // namespace
}  // namespace kafka_testing
