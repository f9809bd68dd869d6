#include "stand_in.h"

#include <curl/curl.h>
#include <gtest/gtest.h>
#include <librdkafka/rdkafka.h>

#include <chrono>
#include <condition_variable>
#include <fstream>
#include <mutex>
#include <vector>

#include "controller_sim/ack.h"
#include "controller_sim/behaviour.h"
#include "controller_sim/message.h"

namespace controller_sim {
namespace {

using base::Json;
using namespace std::chrono_literals;

std::int64_t now_ms() { return base::epoch_ms(base::SystemClock().wall()); }

Json instance_json(int id, const std::string& name = "0") {
  return Json::object({{"instance", id},
                       {"userMemory", "2147483648 B"},
                       {"instanceType", "invoker"},
                       {"tags", Json::array()},
                       {"dedicatedNamespaces", Json::array()},
                       {"uniqueName", name}});
}

// "larder-sim-sleep-5-0" does sleep:5.
Behaviour behaviour_of(std::string name) {
  name = name.substr(std::string("larder-sim-").size());
  name = name.substr(0, name.rfind('-'));
  const std::size_t dash = name.find('-');
  if (dash != std::string::npos) name[dash] = ':';
  return parse_behaviour(name).value();
}

Json annotation(std::string key, Json value) {
  return Json::object({{"key", std::move(key)}, {"value", std::move(value)}});
}

// A topic's reader that commits when it is told to, without the protocol of groups: one that is
// killed leaves no member behind whose session must run out.
class TopicReader {
 public:
  TopicReader(const std::string& hosts, const std::string& topic, bool skip_waiting) {
    rd_kafka_conf_t* conf = rd_kafka_conf_new();
    char reason[512];
    for (const auto& [key, value] : std::map<std::string, std::string>{
             {"bootstrap.servers", hosts},
             {"group.id", topic},
             {"enable.auto.commit", "false"},
             {"auto.offset.reset", skip_waiting ? "latest" : "earliest"}}) {
      rd_kafka_conf_set(conf, key.c_str(), value.c_str(), reason, sizeof reason);
    }
    client_ = rd_kafka_new(RD_KAFKA_CONSUMER, conf, reason, sizeof reason);
    rd_kafka_poll_set_consumer(client_);
    rd_kafka_topic_partition_list_t* list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, topic.c_str(), 0)->offset =
        skip_waiting ? RD_KAFKA_OFFSET_END : RD_KAFKA_OFFSET_STORED;
    rd_kafka_assign(client_, list);
    rd_kafka_topic_partition_list_destroy(list);
  }
  TopicReader(const TopicReader&) = delete;
  TopicReader& operator=(const TopicReader&) = delete;
  ~TopicReader() { rd_kafka_destroy(client_); }

  std::vector<std::string> peek(std::size_t count_max) {
    std::vector<std::string> texts;
    int wait_ms = 20;
    while (texts.size() < count_max) {
      rd_kafka_message_t* message = rd_kafka_consumer_poll(client_, wait_ms);
      if (message == nullptr) break;
      if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        texts.emplace_back(static_cast<const char*>(message->payload), message->len);
        wait_ms = 0;
      }
      rd_kafka_message_destroy(message);
    }
    return texts;
  }
  void commit() { rd_kafka_commit(client_, nullptr, 0); }

 private:
  rd_kafka_t* client_;
};

std::size_t drop(char* /*bytes*/, std::size_t size, std::size_t count, void* /*unused*/) {
  return size * count;
}

void post(const std::string& url, const std::string& body) {
  CURL* easy = curl_easy_init();
  curl_slist* headers = curl_slist_append(nullptr, "Content-Type: application/json");
  curl_easy_setopt(easy, CURLOPT_URL, url.c_str());
  curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body.c_str());
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, drop);
  EXPECT_EQ(curl_easy_perform(easy), CURLE_OK);
  curl_slist_free_all(headers);
  curl_easy_cleanup(easy);
}

}  // namespace

class StandIn::Worker {
 public:
  explicit Worker(StandInConfig config) : config_(std::move(config)) {
    auto kafka = Kafka::connect({.hosts = config_.kafka, .options = {}});
    kafka_ = std::move(kafka).value();
    EXPECT_TRUE(kafka_->ensure_topic(config_.prefix + "invoker0", {}));
    auto pinger = Kafka::connect({.hosts = config_.kafka, .options = {}});
    pinger_ = std::move(pinger).value();
  }

  void work(const std::stop_token& stop) {
    constexpr std::size_t kBatch = 8;
    TopicReader reader(config_.kafka, config_.prefix + "invoker0", config_.skip_waiting);
    while (!stop.stop_requested()) {
      const std::vector<std::string> batch = reader.peek(kBatch);
      if (batch.empty()) continue;
      if (config_.commit == Commit::kBefore) reader.commit();
      for (const std::string& text : batch) {
        if (stop.stop_requested()) return;  // killed: the rest of the batch is lost
        serve(Json::parse(text).value(), stop);
      }
    }
  }

  void ping(const std::stop_token& stop) {
    std::mutex mutex;
    std::condition_variable_any condition;
    std::unique_lock lock(mutex);
    while (!stop.stop_requested()) {
      const bool shown = fault_shown_;
      const std::string name = config_.fault == Fault::kPingChange && shown ? "1" : "0";
      const Json ping = Json::object({{"name", instance_json(0, name)}, {"isEnabled", true}});
      EXPECT_TRUE(pinger_->send(config_.prefix + "health", ping.to_string(), {}));
      const bool pause = config_.fault == Fault::kPingPause && shown && !paused_;
      if (pause) paused_ = true;
      condition.wait_for(lock, stop, pause ? 1500ms : 100ms, [] { return false; });
    }
  }

 private:
  void serve(const Json& message, const std::stop_token& stop);
  void answer(const Json& message, const Json& activation, Fault fault);
  Json activation_of(const Json& message, const std::string& name) const;
  void event(const Json& activation, Fault fault);
  void record(Json activation, Fault fault);

  Json ack(const Json& message, const Json* response, bool completes, Fault fault) const {
    Json ack = Json::object({{"transid", *message.find("transid")}});
    if (fault == Fault::kOtherTransid) ack.find("transid")->items()[1] = Json(1);
    if (response != nullptr) ack.set("response", *response);
    if (!completes) return ack;
    if (response == nullptr) ack.set("activationId", *message.find("activationId"));
    ack.set("isSystemError", fault == Fault::kFalseSystemError || fault == Fault::kNeverHealthy);
    ack.set("instance", instance_json(fault == Fault::kOtherInstance ? 5 : 0));
    return ack;
  }

  void send_ack(const Json& message, const Json& ack) {
    const std::string controller =
        message.find("rootControllerIndex")->find("asString")->as_string();
    EXPECT_TRUE(kafka_->send(config_.prefix + "completed" + controller, ack.to_string(), {}));
  }

  StandInConfig config_;
  std::unique_ptr<Kafka> kafka_;   // of the working thread
  std::unique_ptr<Kafka> pinger_;  // of the pinging one
  std::atomic<bool> fault_shown_{false};
  bool paused_ = false;  // of the pinging thread
};

void StandIn::Worker::serve(const Json& message, const std::stop_token& stop) {
  const std::string name = message.find("action")->find("name")->as_string();
  if (name.starts_with("invokerHealthTestAction")) {
    const bool never = config_.fault == Fault::kNeverHealthy;
    return send_ack(message, ack(message, nullptr, true, never ? config_.fault : Fault::kNone));
  }
  const Json& content = *message.find("content");
  if (!config_.marks_file.empty()) {
    std::ofstream(config_.marks_file, std::ios::app)
        << content.find("mark")->find("id")->as_string() << "\n";
  }
  if (config_.work.count() > 0) {
    std::mutex mutex;
    std::condition_variable_any condition;
    std::unique_lock lock(mutex);
    condition.wait_for(lock, stop, config_.work, [] { return false; });
    if (stop.stop_requested()) return;  // killed while it ran
  }
  const bool shows = *content.find("n")->as_int64() == 2;
  const Fault fault = shows ? config_.fault : Fault::kNone;
  if (shows) fault_shown_ = true;
  const Json activation = activation_of(message, name);
  answer(message, activation, fault);
  record(activation, fault);
}

Json StandIn::Worker::activation_of(const Json& message, const std::string& name) const {
  const Behaviour behaviour = behaviour_of(name);
  const Expectation wanted =
      expectation_of(behaviour, *message.find("content"), std::int64_t{1} << 20);
  const std::string path = message.find("action")->find("path")->as_string() + "/" + name;
  const Json limits =
      Json::object({{"timeout", 60000}, {"memory", 256}, {"logs", 10}, {"concurrency", 1}});
  const std::int64_t now = now_ms();
  return Json::object(
      {{"namespace", *message.find("user")->find("namespace")->find("name")},
       {"name", name},
       {"subject", *message.find("user")->find("subject")},
       {"activationId", *message.find("activationId")},
       {"start", now},
       {"end", now},
       {"duration", 0},
       {"response",
        Json::object({{"statusCode", wanted.status},
                      {"result", wanted.result.value_or(Json::object({{"error", "words"}}))}})},
       {"logs", Json::array()},
       {"version", "0.0.1"},
       {"publish", false},
       {"annotations", Json::Array{annotation("path", path), annotation("kind", "python:3"),
                                   annotation("waitTime", 1), annotation("limits", limits)}}});
}

void StandIn::Worker::answer(const Json& message, const Json& activation, Fault fault) {
  Json response = activation;
  if (fault == Fault::kOtherResult) response.find("response")->find("result")->set("n", "other");
  const Json completion = ack(message, nullptr, true, fault);
  const bool blocking = message.find("blocking")->as_bool();
  event(activation, fault);
  if (fault == Fault::kUnreadableAck) send_ack(message, Json::object({{"response", "garbage"}}));
  if (fault == Fault::kResultUnasked)
    return send_ack(message, ack(message, &response, true, fault));
  if (fault == Fault::kAllAtOnce) return send_ack(message, ack(message, &response, true, fault));
  if (fault == Fault::kCompletionFirst) send_ack(message, completion);
  if (blocking) send_ack(message, ack(message, &response, false, fault));
  if (fault == Fault::kResultTwice) send_ack(message, ack(message, &response, false, fault));
  if (fault == Fault::kForeignAck) {
    Json foreign = completion;
    foreign.set("activationId", "0123456789abcdef0123456789abcdef");
    send_ack(message, foreign);
  }
  if (fault == Fault::kNoCompletion || fault == Fault::kCompletionFirst) return;
  if (fault == Fault::kTooLate) {
    kafka_->flush(1s);
    std::mutex mutex;
    std::condition_variable never;
    std::unique_lock lock(mutex);
    never.wait_for(lock, 1500ms);  // it is the fault
  }
  send_ack(message, completion);
  if (fault == Fault::kCompletionTwice) send_ack(message, completion);
}

void StandIn::Worker::event(const Json& activation, Fault fault) {
  if (fault == Fault::kNoEvent) return;
  const Json body = Json::object(
      {{"name", *activation.find("annotations")->items()[0].find("value")},
       {"activationId", *activation.find("activationId")},
       {"statusCode",
        fault == Fault::kOtherEvent ? Json(3) : *activation.find("response")->find("statusCode")},
       {"duration", 0},
       {"waitTime", 1},
       {"initTime", 0},
       {"kind", "python:3"},
       {"conductor", false},
       {"memory", 256}});
  const Json event = Json::object({{"source", "invoker0"},
                                   {"body", body},
                                   {"subject", *activation.find("subject")},
                                   {"namespace", *activation.find("namespace")},
                                   {"userId", "u"},
                                   {"eventType", "Activation"},
                                   {"timestamp", now_ms()}});
  for (int i = 0; i < (fault == Fault::kEventTwice ? 2 : 1); ++i) {
    EXPECT_TRUE(kafka_->send(config_.prefix + "events", event.to_string(), {}));
  }
}

void StandIn::Worker::record(Json activation, Fault fault) {
  if (fault == Fault::kNoRecord || config_.database.empty()) return;
  activation.set("_id", activation.find("namespace")->as_string() + "/" +
                            activation.find("activationId")->as_string());
  activation.set("entityType", "activation");
  activation.set("updated", now_ms());
  if (fault == Fault::kOtherRecord) activation.set("subject", "somebody");
  post(config_.database + "/_bulk_docs",
       Json::object({{"docs", Json::Array{std::move(activation)}}}).to_string());
}

StandIn::StandIn(StandInConfig config)
    : worker_(std::make_unique<Worker>(std::move(config))),
      work_([this](const std::stop_token& stop) { worker_->work(stop); }),
      pings_([this](const std::stop_token& stop) { worker_->ping(stop); }) {}

StandIn::~StandIn() = default;

}  // namespace controller_sim
