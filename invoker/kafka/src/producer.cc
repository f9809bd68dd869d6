#include "producer.h"

#include <algorithm>
#include <chrono>

#include "errors.h"

namespace invoker_kafka {
namespace {

using std::chrono::milliseconds;

constexpr int kPollMs = 1'000;
constexpr int kPurgeMs = 100;

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

void Producer::deliver(const std::stop_token& stop) const {
  while (!stop.stop_requested()) rd_kafka_poll(handle_.get(), kPollMs);
}

void Producer::send(const std::string& topic, std::string message, Sent sent) {
  auto parcel = std::make_unique<Parcel>(std::move(message), std::move(sent));
  const auto error =
      rd_kafka_producev(handle_.get(), RD_KAFKA_V_TOPIC(topic.c_str()),
                        RD_KAFKA_V_VALUE(parcel->bytes.data(), parcel->bytes.size()),
                        RD_KAFKA_V_MSGFLAGS(0), RD_KAFKA_V_OPAQUE(parcel.get()), RD_KAFKA_V_END);
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) {
    std::ignore = parcel.release();  // on_delivery has it now
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
