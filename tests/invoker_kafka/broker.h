// What tests do with a broker.
#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "invoker_kafka/kafka.h"

namespace kafka_testing {

// Keeps what was logged. Threads: any.
class Lines final : public base::LogSink {
 public:
  void write(std::string_view line) override;
  std::size_t count(std::string_view part) const;  // of lines that hold it

 private:
  mutable std::mutex mutex_;  // guards lines_
  std::vector<std::string> lines_;
};

// A name that no other test has: the broker is shared.
std::string unique_name(const std::string& what);

// Kafka as the tests use it, with short times.
struct World {
  explicit World(const std::string& hosts, invoker_kafka::KafkaConfig config = {});

  invoker_kafka::KafkaConfig config;
  base::SystemClock clock;
  Lines lines;
  base::Logger log{lines, clock};
  std::unique_ptr<invoker_kafka::Kafka> kafka;
};

// A topic that is there.
std::string make_topic(const World& world, const std::string& what, int partitions = 1,
                       std::map<std::string, std::string> settings = {});

std::unique_ptr<invoker::MessageConsumer> open_consumer(const World& world,
                                                        const std::string& topic,
                                                        const std::string& instance_id = {});
std::unique_ptr<invoker::MessageProducer> open_producer(const World& world);

// Sends one after the other and waits for what became of them. Threads: one.
class Sender {
 public:
  explicit Sender(const World& world) : producer_(open_producer(world)) {}
  base::Status send(const std::string& topic, std::string message);
  void send_numbered(const std::string& topic, int first, int count);
  invoker::MessageProducer& producer() { return *producer_; }

 private:
  std::unique_ptr<invoker::MessageProducer> producer_;
};

// Peeks and commits until `count` messages came or the patience of a test ends.
std::vector<std::string> read(invoker::MessageConsumer& consumer, std::size_t count);
// Peeks until something came, without a commit.
std::vector<std::string> peek_some(invoker::MessageConsumer& consumer, std::size_t count_max);
// Commits until it is said to have succeeded or to be void.
base::Status commit_at_last(invoker::MessageConsumer& consumer);

std::vector<std::string> numbered(int first, int count);

}  // namespace kafka_testing
