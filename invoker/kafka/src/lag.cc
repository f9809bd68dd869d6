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

base::Result<std::int64_t> lag_of(rd_kafka_t* client, const std::string& topic,
                                  std::int32_t partition, std::int64_t next) {
  std::int64_t first = 0;
  std::int64_t end = 0;
  if (const auto error =
          rd_kafka_query_watermark_offsets(client, topic.c_str(), partition, &first, &end, kAskMs);
      error != RD_KAFKA_RESP_ERR_NO_ERROR)
    return error_of(error, "Kafka: the end of " + topic);
  if (next < 0) {
    TRY(next, committed(client, topic, partition));
  }
  return std::max<std::int64_t>(0, end - std::max(first, next));
}

}  // namespace invoker_kafka
