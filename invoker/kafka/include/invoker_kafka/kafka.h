// Kafka as the message bus. The only library that includes librdkafka's headers.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "base/log.h"
#include "base/result.h"
#include "invoker/message_bus.h"
#include "invoker_kafka/table.h"

namespace invoker_kafka {

// Names and values of Kafka's Java client, as OpenWhisk spells them ("session-timeout-ms") or as
// Java does ("session.timeout.ms").
using Settings = std::map<std::string, std::string>;

// Of messages whose size nobody limited otherwise: OpenWhisk's payload and what goes around it.
inline constexpr std::int64_t kMessageBytesMax = 1'048'576 + 6'068;

struct KafkaConfig {
  std::string hosts;  // KAFKA_HOSTS: "host:port,host:port"
  // What stands under whisk.kafka.common, .consumer and .producer. What is not said has the value
  // that OpenWhisk's own configuration gives it.
  Settings common = {};
  Settings consumer = {};
  Settings producer = {};
  std::int64_t message_bytes_max = kMessageBytesMax;  // the largest that can be sent
};

struct ConsumerOptions {
  std::string topic;  // also the name of the group
  // Where it is set, a process that was killed takes the topic over from its former self at once
  // instead of after the session's time; but then one that ends in order keeps the topic from
  // others for that time. Two at once with one name push each other out.
  std::string instance_id = {};
};

// Threads: any. What it makes may outlive it.
// Time: nothing here waits for the brokers; they may come later.
class Kafka {
 public:
  // Settings that are not known here are named in the log, once, and are no error.
  // Errors: kInvalidArgument (no hosts, or a value that is not possible), kNotFound (a file of
  // certificates), kUnsupported (a store of certificates in a form that is not read).
  static base::Result<std::unique_ptr<Kafka>> open(const KafkaConfig& config,
                                                   const base::Logger& log);
  ~Kafka();

  // Destroying the consumer leaves the group, and waits for the session's time at most: when the
  // brokers went away with a commit unanswered. Errors: kInvalidArgument, kInternal.
  base::Result<std::unique_ptr<invoker::MessageConsumer>> consumer(
      const ConsumerOptions& options) const;
  base::Result<std::unique_ptr<invoker::MessageProducer>> producer() const;
  std::unique_ptr<invoker::TopicAdmin> topic_admin() const;
  // The first partition of a topic that is there. Errors: as of consumer().
  base::Result<std::unique_ptr<Table>> table(const std::string& topic) const;

 private:
  struct Parts;
  explicit Kafka(std::unique_ptr<Parts> parts);

  std::unique_ptr<Parts> parts_;
};

}  // namespace invoker_kafka
