#include "invoker_kafka/kafka.h"

#include "consumer.h"
#include "producer.h"
#include "settings.h"
#include "topic_admin.h"
#include "topic_table.h"

namespace invoker_kafka {

struct Kafka::Parts {
  ClientSettings settings;
  base::Logger log;
};

base::Result<std::unique_ptr<Kafka>> Kafka::open(const KafkaConfig& config,
                                                 const base::Logger& log) {
  TRY(ClientSettings settings, client_settings(config));
  for (const std::string& name : settings.unused)
    log.warn("Kafka", "the setting " + name + " is not used");
  return std::unique_ptr<Kafka>(new Kafka(std::make_unique<Parts>(std::move(settings), log)));
}

Kafka::Kafka(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Kafka::~Kafka() = default;

base::Result<std::unique_ptr<invoker::MessageConsumer>> Kafka::consumer(
    const ConsumerOptions& options) const {
  if (options.topic.empty())
    return base::Error{base::ErrorCode::kInvalidArgument, "Kafka: a consumer without a topic"};
  Settings settings = parts_->settings.consumer;
  if (!options.instance_id.empty()) settings["group.instance.id"] = options.instance_id;
  TRY(auto consumer, Consumer::make(std::move(settings), options.topic, parts_->log));
  return std::unique_ptr<invoker::MessageConsumer>(std::move(consumer));
}

base::Result<std::unique_ptr<invoker::MessageProducer>> Kafka::producer() const {
  TRY(auto producer, Producer::make(parts_->settings.producer, parts_->log));
  return std::unique_ptr<invoker::MessageProducer>(std::move(producer));
}

std::unique_ptr<invoker::TopicAdmin> Kafka::topic_admin() const {
  return std::make_unique<TopicAdmin>(parts_->settings.producer, parts_->log);
}

base::Result<std::unique_ptr<Table>> Kafka::table(const std::string& topic) const {
  TRY(auto table,
      TopicTable::make(parts_->settings.consumer, parts_->settings.producer, topic, parts_->log));
  return std::unique_ptr<Table>(std::move(table));
}

}  // namespace invoker_kafka
