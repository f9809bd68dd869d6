#include "producer.h"

#include <algorithm>
#include <chrono>

#include "errors.h"

namespace invoker_kafka {
namespace {

using std::chrono::milliseconds;

constexpr int kPollMs = 1'000;
constexpr int kPurgeMs = 100;
constexpr int kLeaderMs = 500;
// Each controller has one. Of more, leaders are found later.
constexpr std::size_t kTopicsMax = 10'000;

base::Status status_of(rd_kafka_resp_err_t error, const std::string& topic) {
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return {};
  base::Error failure = error_of(error, "Kafka: message for " + topic);
  // Only a message that is too large is so for ever; everything else may be mended outside.
  if (failure.code != base::ErrorCode::kInvalidArgument)
    failure.code = base::ErrorCode::kUnavailable;
  return failure;
}

}  // namespace

base::Result<std::unique_ptr<Producer>> Producer::make(const Settings& settings,
                                                       const base::Logger& log) {
  std::unique_ptr<Producer> producer(new Producer(log));
  Conf conf = make_conf(settings, *producer);
  rd_kafka_conf_set_dr_msg_cb(conf.get(), on_delivery);
  TRY(producer->handle_, make_handle(RD_KAFKA_PRODUCER, std::move(conf)));
  producer->queue_.reset(rd_kafka_queue_get_main(producer->handle_.get()));
  producer->courier_ =
      std::jthread([self = producer.get()](const std::stop_token& stop) { self->deliver(stop); });
  return producer;
}

Producer::~Producer() {
  if (courier_.joinable()) {
    courier_.request_stop();
    rd_kafka_queue_yield(queue_.get());
    courier_.join();
  }
  if (!handle_) return;
  while (rd_kafka_outq_len(handle_.get()) > 0) {
    rd_kafka_purge(handle_.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    rd_kafka_poll(handle_.get(), kPurgeMs);
  }
  queue_.reset();
}

void Producer::deliver(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    rd_kafka_poll(handle_.get(), kPollMs);
    ask_for_leaders();
  }
}

// The library looks once a second who leads the topics that it was given messages for: the first
// acknowledgements to a controller would wait for that.
void Producer::meet(const std::string& topic) {
  {
    const std::lock_guard lock(mutex_);
    if (met_.size() >= kTopicsMax || !met_.insert(topic).second) return;
    to_meet_.push_back(topic);
  }
  rd_kafka_queue_yield(queue_.get());
}

// What the broker answers the library keeps. Without an answer it finds out by itself, later.
void Producer::ask_for_leaders() {
  std::vector<std::string> topics;
  {
    const std::lock_guard lock(mutex_);
    topics.swap(to_meet_);
  }
  for (const std::string& name : topics) {
    const Topic topic(rd_kafka_topic_new(handle_.get(), name.c_str(), nullptr));
    const rd_kafka_metadata_t* answer = nullptr;
    if (topic == nullptr) continue;
    const auto error = rd_kafka_metadata(handle_.get(), 0, topic.get(), &answer, kLeaderMs);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) rd_kafka_metadata_destroy(answer);
  }
}

void Producer::send(const std::string& topic, std::string message, Sent sent) {
  auto parcel = std::make_unique<Parcel>(std::move(message), std::move(sent));
  const auto error =
      rd_kafka_producev(handle_.get(), RD_KAFKA_V_TOPIC(topic.c_str()),
                        RD_KAFKA_V_VALUE(parcel->bytes.data(), parcel->bytes.size()),
                        RD_KAFKA_V_MSGFLAGS(0), RD_KAFKA_V_OPAQUE(parcel.get()), RD_KAFKA_V_END);
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) {
    std::ignore = parcel.release();  // on_delivery has it now
    meet(topic);
  } else {
    parcel->sent(status_of(error, topic));
  }
}

void Producer::on_delivery(rd_kafka_t*, const rd_kafka_message_t* message, void*) {
  const std::unique_ptr<Parcel> parcel(static_cast<Parcel*>(message->_private));
  parcel->sent(status_of(message->err, rd_kafka_topic_name(message->rkt)));
}

base::Status Producer::flush(base::Instant deadline) {
  const auto left = std::chrono::ceil<milliseconds>(deadline - std::chrono::steady_clock::now());
  const auto wait = std::clamp<std::int64_t>(left.count(), 0, 1'000'000);
  if (rd_kafka_flush(handle_.get(), static_cast<int>(wait)) == RD_KAFKA_RESP_ERR_NO_ERROR)
    return {};
  return base::Error{base::ErrorCode::kDeadlineExceeded,
                     "Kafka: " + std::to_string(rd_kafka_outq_len(handle_.get())) +
                         " messages are still on their way"};
}

void Producer::failed(rd_kafka_resp_err_t error, const char* reason) {
  if (error == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
    log().warn("Kafka", "no broker can be reached; messages wait");
  } else {
    log().info("Kafka", reason);
  }
}

}  // namespace invoker_kafka
