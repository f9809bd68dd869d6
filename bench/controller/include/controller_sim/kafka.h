// The message bus as a controller uses it. The only header that speaks for librdkafka.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace controller_sim {

struct KafkaConfig {
  std::string hosts;
  std::map<std::string, std::string> options;  // librdkafka's own, for TLS and the like
  int replication_factor = 1;
  base::milliseconds patience{15'000};  // with each question to a broker
};

struct BusMessage {
  std::string topic;
  std::string text;
};

// What became of a message that was sent.
struct Delivery {
  std::string token;
  std::int64_t offset = -1;
  std::string error;  // empty: it arrived
};

// Threads: one. Errors: kUnavailable, kInvalidArgument.
class Kafka {
 public:
  static base::Result<std::unique_ptr<Kafka>> connect(const KafkaConfig& config);
  ~Kafka();

  // Leaves a topic that is there as it is.
  base::Status ensure_topic(const std::string& name,
                            const std::map<std::string, std::string>& settings);
  // From now on poll() gives what comes into these topics, from their present ends on.
  base::Status follow(const std::vector<std::string>& topics);
  // Waits up to `wait` for the first.
  std::vector<BusMessage> poll(std::chrono::microseconds wait);

  // Returns at once; take_deliveries() tells what became of it under `token`, unless that is empty.
  base::Status send(const std::string& topic, const std::string& text, const std::string& token);
  std::vector<Delivery> take_deliveries();
  // Waits until all that was sent has arrived or failed, at most `wait`.
  void flush(base::milliseconds wait);

  // Partition 0: the offset behind the last message; the one that a group has committed (0: none).
  base::Result<std::int64_t> end_of(const std::string& topic);
  base::Result<std::int64_t> committed(const std::string& group, const std::string& topic);
  // How far poll() has read a topic that is followed.
  std::int64_t position(const std::string& topic) const;
  // The broker's last complaint, for people; empty: none since the last call.
  std::string take_complaint();

 private:
  void meet(const std::string& topic);
  void take_ready(std::vector<BusMessage>& messages);
  struct Handles;
  explicit Kafka(std::unique_ptr<Handles> handles);
  std::unique_ptr<Handles> handles_;
};

}  // namespace controller_sim
