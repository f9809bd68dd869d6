#include "topic_reader.h"

#include <librdkafka/rdkafka.h>

#include "base/check.h"

namespace kafka_testing {
namespace {

constexpr int kAskMs = 10'000;

rd_kafka_t* open_client(rd_kafka_type_t type, const std::string& hosts) {
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  CHECK(rd_kafka_conf_set(conf, "bootstrap.servers", hosts.c_str(), nullptr, 0) ==
        RD_KAFKA_CONF_OK);
  rd_kafka_t* client = rd_kafka_new(type, conf, nullptr, 0);
  CHECK(client != nullptr);
  return client;
}

int count_partitions(rd_kafka_t* client, const std::string& name) {
  rd_kafka_topic_t* topic = rd_kafka_topic_new(client, name.c_str(), nullptr);
  const struct rd_kafka_metadata* metadata = nullptr;
  CHECK(rd_kafka_metadata(client, 0, topic, &metadata, kAskMs) == RD_KAFKA_RESP_ERR_NO_ERROR);
  const int count = metadata->topics[0].partition_cnt;
  rd_kafka_metadata_destroy(metadata);
  rd_kafka_topic_destroy(topic);
  return count;
}

std::map<std::string, std::string> settings_in(rd_kafka_event_t* event) {
  std::size_t count = 0;
  const auto** resources = rd_kafka_DescribeConfigs_result_resources(
      rd_kafka_event_DescribeConfigs_result(event), &count);
  CHECK(count == 1);
  const auto** entries = rd_kafka_ConfigResource_configs(resources[0], &count);
  std::map<std::string, std::string> settings;
  for (std::size_t i = 0; i < count; ++i)
    if (const char* value = rd_kafka_ConfigEntry_value(entries[i]))
      settings[rd_kafka_ConfigEntry_name(entries[i])] = value;
  return settings;
}

std::map<std::string, std::string> settings_of(rd_kafka_t* client, const std::string& name) {
  rd_kafka_ConfigResource_t* resource =
      rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, name.c_str());
  rd_kafka_queue_t* queue = rd_kafka_queue_new(client);
  rd_kafka_DescribeConfigs(client, &resource, 1, nullptr, queue);
  rd_kafka_event_t* event = rd_kafka_queue_poll(queue, kAskMs);
  CHECK(event != nullptr);
  auto settings = settings_in(event);
  rd_kafka_event_destroy(event);
  rd_kafka_queue_destroy(queue);
  rd_kafka_ConfigResource_destroy(resource);
  return settings;
}

}  // namespace

std::vector<std::string> records_of(const std::string& hosts, const std::string& name) {
  rd_kafka_t* client = open_client(RD_KAFKA_CONSUMER, hosts);
  std::int64_t first = 0;
  std::int64_t end = 0;
  CHECK(rd_kafka_query_watermark_offsets(client, name.c_str(), 0, &first, &end, kAskMs) ==
        RD_KAFKA_RESP_ERR_NO_ERROR);
  rd_kafka_topic_t* topic = rd_kafka_topic_new(client, name.c_str(), nullptr);
  CHECK(rd_kafka_consume_start(topic, 0, first) == 0);
  std::vector<std::string> records;
  while (static_cast<std::int64_t>(records.size()) < end - first) {
    rd_kafka_message_t* message = rd_kafka_consume(topic, 0, kAskMs);
    CHECK(message != nullptr && message->err == RD_KAFKA_RESP_ERR_NO_ERROR);
    records.emplace_back(static_cast<const char*>(message->payload), message->len);
    rd_kafka_message_destroy(message);
  }
  rd_kafka_consume_stop(topic, 0);
  rd_kafka_topic_destroy(topic);
  rd_kafka_destroy(client);
  return records;
}

TopicFacts read_topic(const std::string& hosts, const std::string& name) {
  rd_kafka_t* client = open_client(RD_KAFKA_PRODUCER, hosts);
  TopicFacts facts{count_partitions(client, name), settings_of(client, name)};
  rd_kafka_destroy(client);
  return facts;
}

}  // namespace kafka_testing
