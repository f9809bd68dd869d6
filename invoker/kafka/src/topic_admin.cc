#include "topic_admin.h"

#include <array>
#include <chrono>
#include <string_view>
#include <thread>

#include "errors.h"

namespace invoker_kafka {
namespace {

using base::Error;
using base::ErrorCode;

// A start that waits for brokers asks again by itself, and has to hear of a stop meanwhile.
constexpr int kTries = 2;
constexpr std::chrono::seconds kBetweenTries{1};
constexpr int kAskMs = 2'000;

struct FreeNewTopic {
  void operator()(rd_kafka_NewTopic_t* topic) const { rd_kafka_NewTopic_destroy(topic); }
};
struct FreeOptions {
  void operator()(rd_kafka_AdminOptions_t* options) const {
    rd_kafka_AdminOptions_destroy(options);
  }
};
struct FreeMetadata {
  void operator()(const struct rd_kafka_metadata* metadata) const {
    rd_kafka_metadata_destroy(metadata);
  }
};
using NewTopic = std::unique_ptr<rd_kafka_NewTopic_t, FreeNewTopic>;
using Options = std::unique_ptr<rd_kafka_AdminOptions_t, FreeOptions>;
using Metadata = std::unique_ptr<const struct rd_kafka_metadata, FreeMetadata>;

base::Result<NewTopic> new_topic(const invoker::TopicSpec& topic) {
  std::array<char, 512> reason{};
  NewTopic result(rd_kafka_NewTopic_new(topic.name.c_str(), topic.partitions,
                                        topic.replication_factor, reason.data(), reason.size()));
  if (!result)
    return Error{ErrorCode::kInvalidArgument, "Kafka topic " + topic.name + ": " + reason.data()};
  for (const auto& [name, value] : topic.settings)
    rd_kafka_NewTopic_set_config(result.get(), name.c_str(), value.c_str());
  return result;
}

// What the broker said of the one topic that it was asked for.
base::Status outcome_of(rd_kafka_event_t* event, const std::string& name) {
  const std::string what = "Kafka: making the topic " + name;
  if (const auto error = rd_kafka_event_error(event); error != RD_KAFKA_RESP_ERR_NO_ERROR)
    return Error{code_of(error), what + ": " + rd_kafka_event_error_string(event)};
  std::size_t count = 0;
  const auto** topics =
      rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count);
  if (count != 1) return Error{ErrorCode::kInternal, what + ": an answer without it"};
  const auto error = rd_kafka_topic_result_error(topics[0]);
  // Somebody else may have been faster.
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR || error == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
    return {};
  const char* reason = rd_kafka_topic_result_error_string(topics[0]);
  return Error{code_of(error), what + ": " + (reason ? reason : rd_kafka_err2str(error))};
}

}  // namespace

TopicAdmin::TopicAdmin(Settings settings, const base::Logger& log)
    : Listener(log), settings_(std::move(settings)) {}

base::Status TopicAdmin::ensure_topic(const invoker::TopicSpec& topic) {
  // Needed once at start: a client that stays would cost threads and memory.
  last_failure_.clear();
  TRY(const Handle client, make_handle(RD_KAFKA_PRODUCER, make_conf(settings_, *this)));
  base::Status status;
  for (int tried = 0; tried < kTries; ++tried) {
    if (tried > 0) std::this_thread::sleep_for(kBetweenTries);
    status = try_once(client.get(), topic);
    if (status.ok() || status.error().code != ErrorCode::kUnavailable) break;
    log().warn("Kafka", status.error().message);
  }
  return status;
}

base::Status TopicAdmin::try_once(rd_kafka_t* client, const invoker::TopicSpec& topic) const {
  TRY(const bool there, exists(client, topic.name));
  if (there) {
    log().info("Kafka", "the topic " + topic.name + " is there, and stays as it is");
    return {};
  }
  TRY_STATUS(create(client, topic));
  log().info("Kafka", "made the topic " + topic.name);
  return {};
}

// All topics are asked for: asking for one by name would make it where brokers do that by
// themselves.
base::Result<bool> TopicAdmin::exists(rd_kafka_t* client, const std::string& name) const {
  const struct rd_kafka_metadata* answer = nullptr;
  const auto error = rd_kafka_metadata(client, 1, nullptr, &answer, kAskMs);
  rd_kafka_poll(client, 0);  // lets failed() hear why
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
    return Error{code_of(error),
                 "Kafka: the list of topics: " +
                     (last_failure_.empty() ? rd_kafka_err2str(error) : last_failure_)};
  const Metadata metadata(answer);
  for (int i = 0; i < metadata->topic_cnt; ++i)
    if (metadata->topics[i].topic == name) return true;
  return false;
}

base::Status TopicAdmin::create(rd_kafka_t* client, const invoker::TopicSpec& topic) const {
  TRY(const NewTopic wanted, new_topic(topic));
  const Options options(rd_kafka_AdminOptions_new(client, RD_KAFKA_ADMIN_OP_CREATETOPICS));
  // The broker answers when the topic can be used.
  rd_kafka_AdminOptions_set_operation_timeout(options.get(), kAskMs, nullptr, 0);
  rd_kafka_AdminOptions_set_request_timeout(options.get(), 2 * kAskMs, nullptr, 0);
  const Queue queue(rd_kafka_queue_new(client));
  rd_kafka_NewTopic_t* topics[] = {wanted.get()};
  rd_kafka_CreateTopics(client, topics, 1, options.get(), queue.get());
  const Event event(rd_kafka_queue_poll(queue.get(), 3 * kAskMs));
  if (!event)
    return Error{ErrorCode::kUnavailable, "Kafka: no answer to making the topic " + topic.name};
  return outcome_of(event.get(), topic.name);
}

void TopicAdmin::failed(rd_kafka_resp_err_t error, const char* reason) {
  if (error != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) last_failure_ = reason;
}

}  // namespace invoker_kafka
