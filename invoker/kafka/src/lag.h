// How far behind the end of a partition its reader is.
#pragma once

#include <librdkafka/rdkafka.h>

#include <cstdint>
#include <string>

#include "base/result.h"

namespace invoker_kafka {

// The offset of the first message, or behind the last one. Time: about `timeout_ms`. Errors:
// kUnavailable, kDeadlineExceeded.
enum class End { kFirst, kLast };
base::Result<std::int64_t> end_of(rd_kafka_t* client, const std::string& topic,
                                  std::int32_t partition, End end, int timeout_ms);

// Messages from `next` on; -1 stands for the offset that the group has committed. Asks the broker.
// Time: some seconds. Errors: as end_of().
base::Result<std::int64_t> lag_of(rd_kafka_t* client, const std::string& topic,
                                  std::int32_t partition, std::int64_t next);

}  // namespace invoker_kafka
