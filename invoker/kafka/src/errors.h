// Errors of librdkafka as errors of ours.
#pragma once

#include <librdkafka/rdkafka.h>

#include <string>
#include <string_view>

#include "base/result.h"

namespace invoker_kafka {

base::ErrorCode code_of(rd_kafka_resp_err_t error);

// "what: the error's own words".
base::Error error_of(rd_kafka_resp_err_t error, std::string_view what);

}  // namespace invoker_kafka
