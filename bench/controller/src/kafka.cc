#include "controller_sim/kafka.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <thread>
#include <utility>

#include "kafka_handles.h"

namespace controller_sim {
namespace {

using base::ErrorCode;

constexpr std::size_t kReasonBytes = 512;

using Options = std::map<std::string, std::string>;

const Options kCommonOptions = {
    {"topic.metadata.refresh.interval.ms", "15000"},
    {"socket.nagle.disable", "true"},
    {"reconnect.backoff.max.ms", "1000"},
    {"log.connection.close", "false"},
};

// Every message once: a resend by the library must not become a second activation.
const Options kProducerOptions = {
    {"enable.idempotence", "true"},
    {"linger.ms", "0"},
    {"message.max.bytes", "1054644"},
    {"message.timeout.ms", "120000"},
};

// It reads what it is told to read, and commits nothing: no group of the brokers' is touched.
const Options kConsumerOptions = {
    {"group.id", "larder-controller-sim"},  {"enable.auto.commit", "false"},
    {"enable.partition.eof", "false"},      {"fetch.wait.max.ms", "100"},
    {"fetch.message.max.bytes", "2097152"},
};

void on_error(rd_kafka_t* /*client*/, int code, const char* reason, void* opaque) {
  std::string& complaint = static_cast<KafkaReports*>(opaque)->complaint;
  complaint = rd_kafka_err2name(static_cast<rd_kafka_resp_err_t>(code));
  complaint.append(": ").append(reason);
}

void on_delivery(rd_kafka_t* /*client*/, const rd_kafka_message_t* message, void* opaque) {
  const std::unique_ptr<std::string> token(static_cast<std::string*>(message->_private));
  if (token == nullptr) return;
  static_cast<KafkaReports*>(opaque)->deliveries.push_back(
      {*token, message->offset, message->err != 0 ? rd_kafka_err2str(message->err) : ""});
}

base::Status set_options(rd_kafka_conf_t* conf, const Options& options) {
  std::array<char, kReasonBytes> reason{};
  for (const auto& [key, value] : options) {
    const auto outcome =
        rd_kafka_conf_set(conf, key.c_str(), value.c_str(), reason.data(), reason.size());
    if (outcome != RD_KAFKA_CONF_OK) {
      std::string why = "Kafka option ";
      why.append(key).append("=").append(value).append(": ").append(reason.data());
      return base::Error{ErrorCode::kInvalidArgument, std::move(why)};
    }
  }
  return {};
}

base::Result<KafkaClient> make_client(rd_kafka_type_t type, const KafkaConfig& config,
                                      const Options& options, KafkaReports& reports) {
  KafkaConf conf(rd_kafka_conf_new());
  TRY_STATUS(set_options(conf.get(), kCommonOptions));
  TRY_STATUS(set_options(conf.get(), options));
  TRY_STATUS(set_options(conf.get(), {{"bootstrap.servers", config.hosts}}));
  TRY_STATUS(set_options(conf.get(), config.options));
  rd_kafka_conf_set_opaque(conf.get(), &reports);
  rd_kafka_conf_set_error_cb(conf.get(), on_error);
  rd_kafka_conf_set_log_cb(conf.get(), nullptr);  // what matters comes to on_error too
  if (type == RD_KAFKA_PRODUCER) rd_kafka_conf_set_dr_msg_cb(conf.get(), on_delivery);
  std::array<char, kReasonBytes> reason{};
  KafkaClient client(rd_kafka_new(type, conf.get(), reason.data(), reason.size()));
  if (client == nullptr) return base::Error{ErrorCode::kInvalidArgument, reason.data()};
  [[maybe_unused]] auto* owned = conf.release();  // the client's from now on
  return client;
}

KafkaPartitions partition_zero(const std::vector<std::string>& topics) {
  KafkaPartitions list(rd_kafka_topic_partition_list_new(static_cast<int>(topics.size())));
  for (const std::string& topic : topics) {
    rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), 0);
  }
  return list;
}

}  // namespace

base::Error kafka_error(const std::string& what, rd_kafka_resp_err_t code) {
  return {ErrorCode::kUnavailable, what + ": " + rd_kafka_err2str(code)};
}

Kafka::Kafka(std::unique_ptr<Handles> handles) : handles_(std::move(handles)) {}

Kafka::~Kafka() = default;

base::Result<std::unique_ptr<Kafka>> Kafka::connect(const KafkaConfig& config) {
  auto handles = std::make_unique<Handles>();
  handles->config = config;
  TRY(handles->producer,
      make_client(RD_KAFKA_PRODUCER, config, kProducerOptions, handles->reports));
  TRY(handles->consumer,
      make_client(RD_KAFKA_CONSUMER, config, kConsumerOptions, handles->reports));
  rd_kafka_poll_set_consumer(handles->consumer.get());
  handles->queue.reset(rd_kafka_queue_get_consumer(handles->consumer.get()));
  handles->arrivals.reset(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!handles->arrivals.valid()) return base::error_from_errno(errno, "making an eventfd");
  constexpr std::uint64_t kOne = 1;
  rd_kafka_queue_io_event_enable(handles->queue.get(), handles->arrivals.get(), &kOne, sizeof kOne);
  return std::unique_ptr<Kafka>(new Kafka(std::move(handles)));
}

base::Status Kafka::follow(const std::vector<std::string>& topics) {
  const KafkaPartitions list = partition_zero(topics);
  for (int i = 0; i < list->cnt; ++i) {
    TRY(const std::int64_t end, end_of(list->elems[i].topic));
    learn_leader(handles_->consumer.get(), list->elems[i].topic);
    list->elems[i].offset = end;
    handles_->positions[list->elems[i].topic] = end;
  }
  const auto code = rd_kafka_assign(handles_->consumer.get(), list.get());
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return kafka_error("reading topics", code);
  return {};
}

// The library itself waits for whole milliseconds only: an even pace of a thousand calls a second
// would need a processor to itself.
std::vector<BusMessage> Kafka::poll(std::chrono::microseconds wait) {
  std::vector<BusMessage> messages;
  take_ready(messages);
  if (messages.empty() && wait.count() > 0) {
    constexpr std::int64_t kMicrosecondsPerSecond = 1'000'000;
    const timespec patience{wait.count() / kMicrosecondsPerSecond,
                            wait.count() % kMicrosecondsPerSecond * 1'000};
    pollfd arrival{handles_->arrivals.get(), POLLIN, 0};
    ppoll(&arrival, 1, &patience, nullptr);
    take_ready(messages);
  }
  rd_kafka_poll(handles_->producer.get(), 0);
  return messages;
}

void Kafka::take_ready(std::vector<BusMessage>& messages) {
  constexpr std::size_t kAtOnce = 500;
  std::uint64_t arrivals = 0;
  static_cast<void>(read(handles_->arrivals.get(), &arrivals, sizeof arrivals) < 0);
  while (messages.size() < kAtOnce) {
    rd_kafka_message_t* message = rd_kafka_consumer_poll(handles_->consumer.get(), 0);
    if (message == nullptr) break;
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      BusMessage each{rd_kafka_topic_name(message->rkt),
                      {static_cast<const char*>(message->payload), message->len}};
      handles_->positions[each.topic] = message->offset + 1;
      messages.push_back(std::move(each));
    } else {
      handles_->reports.complaint = rd_kafka_message_errstr(message);
    }
    rd_kafka_message_destroy(message);
  }
}

base::Status Kafka::send(const std::string& topic, const std::string& text,
                         const std::string& token) {
  meet(topic);
  auto kept = token.empty() ? nullptr : std::make_unique<std::string>(token);
  const auto code = rd_kafka_producev(
      handles_->producer.get(), RD_KAFKA_V_TOPIC(topic.c_str()), RD_KAFKA_V_PARTITION(0),
      RD_KAFKA_V_VALUE(const_cast<char*>(text.data()), text.size()),
      RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_OPAQUE(kept.get()), RD_KAFKA_V_END);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return kafka_error("sending to " + topic, code);
  [[maybe_unused]] auto* owned = kept.release();  // on_delivery frees it
  return {};
}

std::vector<Delivery> Kafka::take_deliveries() {
  return std::exchange(handles_->reports.deliveries, {});
}

void Kafka::flush(base::milliseconds wait) {
  rd_kafka_flush(handles_->producer.get(), static_cast<int>(wait.count()));
}

// A topic that was made a moment ago has no leader yet: asked again until the time is over.
base::Result<std::int64_t> Kafka::end_of(const std::string& topic) {
  constexpr base::milliseconds kAskAgainAfter{50};
  const base::Instant deadline = std::chrono::steady_clock::now() + handles_->config.patience;
  for (;;) {
    std::int64_t low = 0;
    std::int64_t high = 0;
    const auto code =
        rd_kafka_query_watermark_offsets(handles_->consumer.get(), topic.c_str(), 0, &low, &high,
                                         static_cast<int>(handles_->config.patience.count()));
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return high;
    if (std::chrono::steady_clock::now() + kAskAgainAfter > deadline) {
      return kafka_error("asking for the end of " + topic, code);
    }
    std::this_thread::sleep_for(kAskAgainAfter);
  }
}

std::int64_t Kafka::position(const std::string& topic) const {
  const auto found = handles_->positions.find(topic);
  return found == handles_->positions.end() ? 0 : found->second;
}

std::string Kafka::take_complaint() { return std::exchange(handles_->reports.complaint, {}); }

}  // namespace controller_sim
