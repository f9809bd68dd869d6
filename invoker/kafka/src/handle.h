// A client of librdkafka and the small objects around it.
#pragma once

#include <librdkafka/rdkafka.h>

#include <memory>

#include "base/log.h"
#include "base/result.h"
#include "invoker_kafka/kafka.h"

namespace invoker_kafka {

struct FreeHandle {
  void operator()(rd_kafka_t* handle) const { rd_kafka_destroy(handle); }
};
struct FreeConf {
  void operator()(rd_kafka_conf_t* conf) const { rd_kafka_conf_destroy(conf); }
};
struct FreeQueue {
  void operator()(rd_kafka_queue_t* queue) const { rd_kafka_queue_destroy(queue); }
};
struct FreePartitions {
  void operator()(rd_kafka_topic_partition_list_t* list) const {
    rd_kafka_topic_partition_list_destroy(list);
  }
};
struct FreeEvent {
  void operator()(rd_kafka_event_t* event) const { rd_kafka_event_destroy(event); }
};
struct FreeTopic {
  void operator()(rd_kafka_topic_t* topic) const { rd_kafka_topic_destroy(topic); }
};
using Handle = std::unique_ptr<rd_kafka_t, FreeHandle>;
using Conf = std::unique_ptr<rd_kafka_conf_t, FreeConf>;
using Queue = std::unique_ptr<rd_kafka_queue_t, FreeQueue>;
using Partitions = std::unique_ptr<rd_kafka_topic_partition_list_t, FreePartitions>;
using Topic = std::unique_ptr<rd_kafka_topic_t, FreeTopic>;
using Event = std::unique_ptr<rd_kafka_event_t, FreeEvent>;

// What librdkafka's callbacks find again: the first part of every client of ours.
//
// Threads: log() is called from threads of librdkafka; failed() in a poll of the client.
class Listener {
 public:
  explicit Listener(const base::Logger& log) : log_(log) {}
  virtual ~Listener() = default;
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  virtual void failed(rd_kafka_resp_err_t error, const char* reason) = 0;
  const base::Logger& log() const { return log_; }

 private:
  base::Logger log_;
};

// Settings that were proved before; errors and words of librdkafka go to `listener`.
Conf make_conf(const Settings& settings, Listener& listener);

// Errors: kInvalidArgument (settings that contradict each other), kInternal.
base::Result<Handle> make_handle(rd_kafka_type_t type, Conf conf);

}  // namespace invoker_kafka
