// librdkafka's things, each freed by its owner.
#pragma once

#include <librdkafka/rdkafka.h>

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "controller_sim/kafka.h"

namespace controller_sim {

template <auto kDestroy>
struct Destroyer {
  template <typename T>
  void operator()(T* thing) const {
    kDestroy(thing);
  }
};

using KafkaConf = std::unique_ptr<rd_kafka_conf_t, Destroyer<rd_kafka_conf_destroy>>;
using KafkaClient = std::unique_ptr<rd_kafka_t, Destroyer<rd_kafka_destroy>>;
using KafkaPartitions = std::unique_ptr<rd_kafka_topic_partition_list_t,
                                        Destroyer<rd_kafka_topic_partition_list_destroy>>;
using KafkaQueue = std::unique_ptr<rd_kafka_queue_t, Destroyer<rd_kafka_queue_destroy>>;
using KafkaEvent = std::unique_ptr<rd_kafka_event_t, Destroyer<rd_kafka_event_destroy>>;

// What the library tells by callbacks, which it calls only from within our own calls.
struct KafkaReports {
  std::vector<Delivery> deliveries;
  std::string complaint;
};

struct Kafka::Handles {
  KafkaConfig config;
  KafkaReports reports;                           // before the clients, whose last reports go here
  std::map<std::string, std::int64_t> positions;  // of topics that are followed: the next offset
  std::set<std::string> met;                      // topics whose leader the producer knows
  KafkaClient producer;
  KafkaClient consumer;
  base::UniqueFd arrivals;  // readable when the consumer's queue is empty no more
  KafkaQueue queue;         // the consumer's
};

// Learns who leads a topic. The library would find out by itself, up to a second later.
void learn_leader(rd_kafka_t* client, const std::string& topic);

// The error of a call as ours; kUnavailable unless it is a mistake of the caller.
base::Error kafka_error(const std::string& what, rd_kafka_resp_err_t code);

// A request of the admin API: `ask` puts it on a queue, the answer comes back.
template <typename Ask>
KafkaEvent ask_admin(rd_kafka_t* client, base::milliseconds patience, const Ask& ask) {
  const KafkaQueue queue(rd_kafka_queue_new(client));
  ask(queue.get());
  return KafkaEvent(rd_kafka_queue_poll(queue.get(), static_cast<int>(patience.count())));
}

}  // namespace controller_sim
