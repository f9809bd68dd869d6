#include "lag.h"

#include <algorithm>

#include "errors.h"
#include "handle.h"

namespace invoker_kafka {
namespace {

constexpr int kAskMs = 2'000;

base::Result<std::int64_t> committed(rd_kafka_t* client, const std::string& topic,
                                     std::int32_t partition) {
  const Partitions list(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), partition);
  if (const auto error = rd_kafka_committed(client, list.get(), kAskMs);
      error != RD_KAFKA_RESP_ERR_NO_ERROR)
    return error_of(error, "Kafka: what is committed for " + topic);
  return list->elems[0].offset;
}

}  // namespace

// Asked for as the offset of a time, because librdkafka's own call for the two ends of a partition
// does not look at its limit: with a broker that hangs it waits as long as a request may take.
base::Result<std::int64_t> end_of(rd_kafka_t* client, const std::string& topic,
                                  std::int32_t partition, End end, int timeout_ms) {
  const Partitions list(rd_kafka_topic_partition_list_new(1));
  auto* const asked = rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), partition);
  asked->offset = end == End::kFirst ? RD_KAFKA_OFFSET_BEGINNING : RD_KAFKA_OFFSET_END;
  auto error = rd_kafka_offsets_for_times(client, list.get(), timeout_ms);
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) error = asked->err;
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return error_of(error, "Kafka: the end of " + topic);
  return asked->offset;
}

base::Result<std::int64_t> lag_of(rd_kafka_t* client, const std::string& topic,
                                  std::int32_t partition, std::int64_t next) {
  TRY(const std::int64_t end, end_of(client, topic, partition, End::kLast, kAskMs));
  if (next < 0) {
    TRY(next, committed(client, topic, partition));
  }
  TRY(const std::int64_t first, end_of(client, topic, partition, End::kFirst, kAskMs));
  return std::max<std::int64_t>(0, end - std::max(first, next));
}

}  // namespace invoker_kafka
