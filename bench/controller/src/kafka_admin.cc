// The admin API: topics that are made where they are missing, offsets that groups have committed.
#include <algorithm>
#include <array>

#include "kafka_handles.h"

namespace controller_sim {
namespace {

constexpr std::size_t kReasonBytes = 512;

using NewTopic = std::unique_ptr<rd_kafka_NewTopic_t, Destroyer<rd_kafka_NewTopic_destroy>>;
using GroupOffsets = std::unique_ptr<rd_kafka_ListConsumerGroupOffsets_t,
                                     Destroyer<rd_kafka_ListConsumerGroupOffsets_destroy>>;
using KafkaTopic = std::unique_ptr<rd_kafka_topic_t, Destroyer<rd_kafka_topic_destroy>>;
using Metadata = std::unique_ptr<const rd_kafka_metadata_t, Destroyer<rd_kafka_metadata_destroy>>;

base::Result<bool> has_topic(rd_kafka_t* client, const std::string& name,
                             base::milliseconds patience) {
  const rd_kafka_metadata_t* raw = nullptr;
  const auto code = rd_kafka_metadata(client, 1, nullptr, &raw, static_cast<int>(patience.count()));
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return kafka_error("listing topics", code);
  const Metadata metadata(raw);
  return std::any_of(metadata->topics, metadata->topics + metadata->topic_cnt,
                     [&](const rd_kafka_metadata_topic_t& topic) { return name == topic.topic; });
}

base::Status outcome_of(const KafkaEvent& event, const std::string& what) {
  if (event == nullptr) return kafka_error(what, RD_KAFKA_RESP_ERR__TIMED_OUT);
  const auto code = rd_kafka_event_error(event.get());
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return kafka_error(what, code);
  const auto* result = rd_kafka_event_CreateTopics_result(event.get());
  std::size_t count = 0;
  const auto* const* topics = rd_kafka_CreateTopics_result_topics(result, &count);
  for (std::size_t i = 0; i < count; ++i) {
    const auto each = rd_kafka_topic_result_error(topics[i]);
    const bool there =
        each == RD_KAFKA_RESP_ERR_NO_ERROR || each == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS;
    if (!there) return kafka_error(what, each);
  }
  return {};
}

base::Result<std::int64_t> committed_of(const KafkaEvent& event, const std::string& what) {
  if (event == nullptr) return kafka_error(what, RD_KAFKA_RESP_ERR__TIMED_OUT);
  const auto code = rd_kafka_event_error(event.get());
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return kafka_error(what, code);
  const auto* result = rd_kafka_event_ListConsumerGroupOffsets_result(event.get());
  std::size_t count = 0;
  const auto* const* groups = rd_kafka_ListConsumerGroupOffsets_result_groups(result, &count);
  if (count == 0) return std::int64_t{0};
  const auto* partitions = rd_kafka_group_result_partitions(groups[0]);
  if (partitions == nullptr || partitions->cnt == 0) return std::int64_t{0};
  const rd_kafka_topic_partition_t& partition = partitions->elems[0];
  if (partition.err != RD_KAFKA_RESP_ERR_NO_ERROR) return kafka_error(what, partition.err);
  return std::max<std::int64_t>(partition.offset, 0);
}

}  // namespace

void learn_leader(rd_kafka_t* client, const std::string& topic) {
  constexpr int kPatienceMs = 1000;
  const KafkaTopic handle(rd_kafka_topic_new(client, topic.c_str(), nullptr));
  const rd_kafka_metadata_t* raw = nullptr;
  const auto code = rd_kafka_metadata(client, 0, handle.get(), &raw, kPatienceMs);
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) rd_kafka_metadata_destroy(raw);
}

// The topic's handle is kept by the library from here on, with its leader.
void Kafka::meet(const std::string& topic) {
  if (handles_->met.insert(topic).second) learn_leader(handles_->producer.get(), topic);
}

base::Status Kafka::ensure_topic(const std::string& name,
                                 const std::map<std::string, std::string>& settings) {
  rd_kafka_t* client = handles_->producer.get();
  TRY(const bool there, has_topic(client, name, handles_->config.patience));
  if (there) return {};
  std::array<char, kReasonBytes> reason{};
  const NewTopic topic(rd_kafka_NewTopic_new(name.c_str(), 1, handles_->config.replication_factor,
                                             reason.data(), reason.size()));
  if (topic == nullptr) {
    return base::Error{base::ErrorCode::kInvalidArgument, "topic " + name + ": " + reason.data()};
  }
  for (const auto& [key, value] : settings) {
    rd_kafka_NewTopic_set_config(topic.get(), key.c_str(), value.c_str());
  }
  rd_kafka_NewTopic_t* list = topic.get();
  const KafkaEvent event = ask_admin(
      client, handles_->config.patience,
      [&](rd_kafka_queue_t* queue) { rd_kafka_CreateTopics(client, &list, 1, nullptr, queue); });
  return outcome_of(event, "creating topic " + name);
}

base::Result<std::int64_t> Kafka::committed(const std::string& group, const std::string& topic) {
  rd_kafka_t* client = handles_->producer.get();
  const KafkaPartitions partitions(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(partitions.get(), topic.c_str(), 0);
  const GroupOffsets question(
      rd_kafka_ListConsumerGroupOffsets_new(group.c_str(), partitions.get()));
  rd_kafka_ListConsumerGroupOffsets_t* list = question.get();
  const KafkaEvent event =
      ask_admin(client, handles_->config.patience, [&](rd_kafka_queue_t* queue) {
        rd_kafka_ListConsumerGroupOffsets(client, &list, 1, nullptr, queue);
      });
  return committed_of(event, "asking what " + group + " has committed");
}

}  // namespace controller_sim
