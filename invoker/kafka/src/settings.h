// Settings of Kafka's Java client as settings of librdkafka.
#pragma once

#include <set>
#include <string>

#include "base/result.h"
#include "invoker_kafka/kafka.h"

namespace invoker_kafka {

// Settings by librdkafka's names, for one of the clients that a process has.
struct ClientSettings {
  Settings consumer;
  Settings producer;             // the topic admin's as well
  std::set<std::string> unused;  // as they were given, with their prefix: what nobody takes
};

// Errors: those of Kafka::open.
base::Result<ClientSettings> client_settings(const KafkaConfig& config);

}  // namespace invoker_kafka
