#include "consumer.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/check.h"
#include "errors.h"
#include "lag.h"

namespace invoker_kafka {
namespace {

using base::Error;
using base::ErrorCode;
using std::chrono::milliseconds;

constexpr const char* kTwin =
    " (does another invoker run with the same number? Each needs its own --id)";
constexpr milliseconds kCommitWait{1'000};  // then the caller is asked to come again
constexpr milliseconds kAskWait{1'000};
constexpr milliseconds kFatalPause{5'000};
constexpr int kRefillMs = 100;

milliseconds until(base::Instant end) {
  const auto left = std::chrono::ceil<milliseconds>(end - std::chrono::steady_clock::now());
  return std::max(left, milliseconds(0));
}

}  // namespace

Consumer::Client::~Client() {
  if (!handle) return;
  commit.reset();
  queue.reset();
  rd_kafka_consumer_close(handle.get());
}

base::Result<std::unique_ptr<Consumer>> Consumer::make(Settings settings, std::string topic,
                                                       const base::Logger& log) {
  settings["group.id"] = topic;
  settings["client.id"] = "consumer-" + topic;
  settings["enable.auto.commit"] = "false";
  settings["enable.auto.offset.store"] = "false";
  std::unique_ptr<Consumer> consumer(new Consumer(std::move(settings), std::move(topic), log));
  TRY_STATUS(consumer->open());
  return consumer;
}

Consumer::Consumer(Settings settings, std::string topic, const base::Logger& log)
    : Listener(log),
      settings_(std::move(settings)),
      topic_(std::move(topic)),
      queue_bytes_(1024 * std::stoll(settings_.at("queued.max.messages.kbytes"))) {}

Consumer::~Consumer() {
  // Closing calls rebalanced() a last time.
  std::shared_ptr<Client> last;
  const std::lock_guard lock(mutex_);
  last.swap(client_);
}

base::Status Consumer::open() {
  Conf conf = make_conf(settings_, *this);
  rd_kafka_conf_set_rebalance_cb(conf.get(), on_rebalance);
  auto client = std::make_shared<Client>();
  TRY(client->handle, make_handle(RD_KAFKA_CONSUMER, std::move(conf)));
  rd_kafka_t* const handle = client->handle.get();
  rd_kafka_poll_set_consumer(handle);
  client->queue.reset(rd_kafka_queue_get_consumer(handle));
  client->commit = std::make_unique<Commit>(handle, topic_);
  const Partitions topics(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(topics.get(), topic_.c_str(), RD_KAFKA_PARTITION_UA);
  if (const auto error = rd_kafka_subscribe(handle, topics.get());
      error != RD_KAFKA_RESP_ERR_NO_ERROR)
    return error_of(error, "Kafka: subscription to " + topic_);
  const std::lock_guard lock(mutex_);
  client_.swap(client);  // a former one is closed without the mutex, which rebalanced() takes
  return {};
}

std::shared_ptr<Consumer::Client> Consumer::client() const {
  const std::lock_guard lock(mutex_);
  return client_;
}

void Consumer::on_rebalance(rd_kafka_t* handle, rd_kafka_resp_err_t kind,
                            rd_kafka_topic_partition_list_t* partitions, void* opaque) {
  const bool assigned = kind == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
  rd_kafka_assign(handle, assigned ? partitions : nullptr);
  static_cast<Consumer*>(static_cast<Listener*>(opaque))->rebalanced(kind, partitions);
}

void Consumer::rebalanced(rd_kafka_resp_err_t kind,
                          const rd_kafka_topic_partition_list_t* partitions) {
  regrouped_ = true;
  const std::lock_guard lock(mutex_);
  next_.clear();
  if (kind != RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) return;
  for (int i = 0; i < partitions->cnt; ++i) next_[partitions->elems[i].partition] = -1;
}

void Consumer::failed(rd_kafka_resp_err_t error, const char* reason) {
  if (error == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
    unreachable_ = true;
  } else {
    last_failure_ = reason;
    log().debug("Kafka", reason);
  }
}

base::Result<std::vector<std::string>> Consumer::peek(std::size_t count_max, milliseconds wait) {
  CHECK(end_.empty());  // commit() comes first
  TRY_STATUS(reopen_after_fatal());
  std::vector<std::string> batch;
  const base::Status status = collect(count_max, wait, batch);
  // An error that lasts is met again; what was read before it is not to wait for that.
  if (!batch.empty()) return batch;
  TRY_STATUS(status);
  if (unreachable_) TRY_STATUS(away());
  return batch;
}

base::Status Consumer::collect(std::size_t count_max, milliseconds wait,
                               std::vector<std::string>& batch) {
  const auto current = client();
  const base::Instant end = std::chrono::steady_clock::now() + wait;
  while (batch.size() < count_max) {
    const milliseconds patience = batch.empty() ? until(end) : milliseconds(0);
    regrouped_ = false;
    const Message message(
        rd_kafka_consumer_poll(current->handle.get(), static_cast<int>(patience.count())));
    if (regrouped_) {  // everything uncommitted comes again from the partitions dealt now
      batch.clear();
      begin_.clear();
      end_.clear();
    }
    if (!message) {
      refill();
      return {};
    }
    TRY_STATUS(take(*message, batch));
  }
  return {};
}

// When librdkafka's own queue was full, it looks only once a second whether there is room again. A
// question to the broker makes it look now.
void Consumer::refill() {
  const std::int64_t drained = std::exchange(drained_bytes_, 0);
  if (drained < queue_bytes_ / 2) return;
  Offsets ours;
  {
    const std::lock_guard lock(mutex_);
    ours = next_;
  }
  for (const auto& [partition, next] : ours) {
    static_cast<void>(
        end_of(client()->handle.get(), topic_, partition, End::kLast, kRefillMs).ok());
  }
}

base::Status Consumer::take(const rd_kafka_message_t& message, std::vector<std::string>& batch) {
  if (message.err == RD_KAFKA_RESP_ERR__MAX_POLL_EXCEEDED) return {};  // it joins again by itself
  if (message.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    Error error = error_of(message.err, "Kafka: reading " + topic_);
    if (message.err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) error.code = ErrorCode::kNotFound;
    return error;
  }
  unreachable_ = false;
  drained_bytes_ += static_cast<std::int64_t>(message.len);
  if (const auto skip = skip_below_.find(message.partition); skip != skip_below_.end()) {
    if (message.offset < skip->second) return {};
    skip_below_.erase(skip);
  }
  batch.emplace_back(static_cast<const char*>(message.payload), message.len);
  begin_.try_emplace(message.partition, message.offset);
  end_[message.partition] = message.offset + 1;
  const std::lock_guard lock(mutex_);
  next_[message.partition] = message.offset + 1;
  return {};
}

// Nothing came, and librdkafka said that no broker is there. It does not say when one is again.
base::Status Consumer::away() {
  const struct rd_kafka_metadata* metadata = nullptr;
  const auto error = rd_kafka_metadata(client()->handle.get(), 0, nullptr, &metadata,
                                       static_cast<int>(kAskWait.count()));
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) {
    rd_kafka_metadata_destroy(metadata);
    unreachable_ = false;
    return {};
  }
  return Error{ErrorCode::kUnavailable,
               "no Kafka broker can be reached" +
                   (last_failure_.empty() ? std::string() : ": " + last_failure_)};
}

base::Status Consumer::reopen_after_fatal() {
  std::array<char, 512> reason{};
  const auto fault = rd_kafka_fatal_error(client()->handle.get(), reason.data(), reason.size());
  if (fault == RD_KAFKA_RESP_ERR_NO_ERROR) return {};
  const base::Instant now = std::chrono::steady_clock::now();
  if (!fatal_since_) fatal_since_ = now;
  if (now - *fatal_since_ < kFatalPause)
    return Error{ErrorCode::kPermissionDenied,
                 "Kafka shuts us out of " + topic_ + " for a while: " + reason.data() +
                     (fault == RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID ? kTwin : "")};
  fatal_since_.reset();
  return open();
}

base::Status Consumer::commit() {
  if (end_.empty()) return {};
  if (expelled_) return settle();
  Commit::Outcome outcome = client()->commit->store(end_, kCommitWait);
  switch (outcome.answer) {
    case Commit::Answer::kStored:
      taken_over();
      return {};
    case Commit::Answer::kRetry:
      return std::move(outcome.status);
    case Commit::Answer::kExpelled:
      break;
  }
  expelled_ = true;
  last_failure_ = outcome.status.error().message;
  return settle();
}

// The group goes on from what the broker has. Whether that is our last commit, whose answer may
// have been lost, decides who owns the batch.
base::Status Consumer::settle() {
  TRY(const bool ours, client()->commit->arrived(end_, kAskWait));
  expelled_ = false;
  if (!ours) return come_again({ErrorCode::kConflict, last_failure_});
  skip_below_ = end_;  // it may have been fetched again before the commit arrived
  taken_over();
  return {};
}

void Consumer::taken_over() {
  begin_.clear();
  end_.clear();
}

Error Consumer::come_again(const Error& cause) {
  const Partitions list(rd_kafka_topic_partition_list_new(static_cast<int>(begin_.size())));
  for (const auto& [partition, offset] : begin_)
    rd_kafka_topic_partition_list_add(list.get(), topic_.c_str(), partition)->offset = offset;
  // Where the partitions are dealt anew this has no effect, and is not needed. It is waited for:
  // until it is done, what was fetched behind the batch would be given before it, and again after.
  const int wait = static_cast<int>(kAskWait.count());
  if (rd_kafka_error_t* error = rd_kafka_seek_partitions(client()->handle.get(), list.get(), wait))
    rd_kafka_error_destroy(error);
  taken_over();
  return {ErrorCode::kConflict, "what was read of " + topic_ + " comes again: " + cause.message};
}

base::Result<std::int64_t> Consumer::lag() {
  const auto current = client();
  Offsets next;
  {
    const std::lock_guard lock(mutex_);
    next = next_;
  }
  if (next.empty())
    return Error{ErrorCode::kUnavailable, "Kafka has not given us " + topic_ + " yet"};
  std::int64_t waiting = 0;
  for (const auto& [partition, offset] : next) {
    TRY(const std::int64_t behind, lag_of(current->handle.get(), topic_, partition, offset));
    waiting += behind;
  }
  return waiting;
}

void Consumer::wake() { rd_kafka_queue_yield(client()->queue.get()); }

}  // namespace invoker_kafka
