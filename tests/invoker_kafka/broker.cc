#include "broker.h"

#include <algorithm>
#include <future>
#include <random>

#include "base/check.h"

namespace kafka_testing {
namespace {

constexpr std::chrono::seconds kPatience{60};
constexpr std::chrono::milliseconds kPeekWait{200};

}  // namespace

void Lines::write(std::string_view line) {
  const std::lock_guard lock(mutex_);
  lines_.emplace_back(line);
}

std::size_t Lines::count(std::string_view part) const {
  const std::lock_guard lock(mutex_);
  return static_cast<std::size_t>(std::ranges::count_if(
      lines_, [&](const std::string& line) { return line.find(part) != line.npos; }));
}

std::string unique_name(const std::string& what) {
  std::random_device random;
  return "test-" + std::to_string(random()) + "-" + what;
}

World::World(const std::string& hosts, invoker_kafka::KafkaConfig given)
    : config(std::move(given)) {
  config.hosts = hosts;
  auto opened = invoker_kafka::Kafka::open(config, log);
  CHECK(opened.ok());
  kafka = std::move(*opened);
}

std::string make_topic(const World& world, const std::string& what, int partitions,
                       std::map<std::string, std::string> settings) {
  invoker::TopicSpec topic;
  topic.name = unique_name(what);
  topic.partitions = partitions;
  topic.settings = std::move(settings);
  CHECK(world.kafka->topic_admin()->ensure_topic(topic).ok());
  return topic.name;
}

std::unique_ptr<invoker::MessageConsumer> open_consumer(const World& world,
                                                        const std::string& topic,
                                                        const std::string& instance_id) {
  auto consumer = world.kafka->consumer({topic, instance_id});
  CHECK(consumer.ok());
  return std::move(*consumer);
}

std::unique_ptr<invoker::MessageProducer> open_producer(const World& world) {
  auto producer = world.kafka->producer();
  CHECK(producer.ok());
  return std::move(*producer);
}

base::Status Sender::send(const std::string& topic, std::string message) {
  std::promise<base::Status> told;
  producer_->send(topic, std::move(message),
                  [&](const base::Status& status) { told.set_value(status); });
  return told.get_future().get();
}

void Sender::send_numbered(const std::string& topic, int first, int count) {
  for (const std::string& message : numbered(first, count))
    producer_->send(topic, message, [](const base::Status& status) { CHECK(status.ok()); });
  CHECK(producer_->flush(std::chrono::steady_clock::now() + kPatience).ok());
}

std::vector<std::string> peek_some(invoker::MessageConsumer& consumer, std::size_t count_max) {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (std::chrono::steady_clock::now() < end) {
    auto batch = consumer.peek(count_max, kPeekWait);
    if (batch.ok() && !batch->empty()) return std::move(*batch);
  }
  return {};
}

base::Status commit_at_last(invoker::MessageConsumer& consumer) {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (true) {
    base::Status status = consumer.commit();
    if (status.ok() || status.error().code == base::ErrorCode::kConflict) return status;
    if (std::chrono::steady_clock::now() > end) return status;
  }
}

std::vector<std::string> read(invoker::MessageConsumer& consumer, std::size_t count) {
  std::vector<std::string> all;
  while (all.size() < count) {
    const auto batch = peek_some(consumer, count);
    if (batch.empty()) break;
    if (commit_at_last(consumer).ok()) all.insert(all.end(), batch.begin(), batch.end());
  }
  return all;
}

std::vector<std::string> numbered(int first, int count) {
  std::vector<std::string> messages;
  for (int i = first; i < first + count; ++i) messages.push_back("message " + std::to_string(i));
  return messages;
}

}  // namespace kafka_testing
