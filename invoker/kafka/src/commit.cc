#include "commit.h"

#include <cstdlib>
#include <cstring>
#include <random>
#include <string_view>

#include "errors.h"

namespace invoker_kafka {
namespace {

std::string random_prefix() {
  std::random_device random;
  return "larder-" + std::to_string(random()) + "-" + std::to_string(random()) + "-";
}

// A partition's own error, where the whole has none.
rd_kafka_resp_err_t first_error(rd_kafka_event_t* event) {
  if (const auto error = rd_kafka_event_error(event); error != RD_KAFKA_RESP_ERR_NO_ERROR)
    return error;
  const auto* list = rd_kafka_event_topic_partition_list(event);
  for (int i = 0; list != nullptr && i < list->cnt; ++i)
    if (list->elems[i].err != RD_KAFKA_RESP_ERR_NO_ERROR) return list->elems[i].err;
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

bool is_expulsion(rd_kafka_resp_err_t error) {
  switch (error) {
    case RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION:
    case RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID:
    case RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS:
    case RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID:
    case RD_KAFKA_RESP_ERR__ASSIGNMENT_LOST:
    case RD_KAFKA_RESP_ERR__FATAL:
      return true;
    default:
      return false;
  }
}

}  // namespace

Commit::Commit(rd_kafka_t* client, std::string topic)
    : client_(client),
      topic_(std::move(topic)),
      queue_(rd_kafka_queue_new(client)),
      mark_prefix_(random_prefix()) {}

Commit::Outcome Commit::store(const Offsets& offsets, std::chrono::milliseconds wait) {
  Outcome outcome;
  if (!on_its_way_ && !send(offsets, outcome)) return outcome;
  const Event event(rd_kafka_queue_poll(queue_.get(), static_cast<int>(wait.count())));
  if (event) return judge(event.get());
  outcome.status = base::Error{base::ErrorCode::kUnavailable,
                               "Kafka has not answered the commit for " + topic_ + " yet"};
  return outcome;
}

bool Commit::send(const Offsets& offsets, Outcome& outcome) {
  if (offsets != last_) {
    last_ = offsets;
    mark_ = mark_prefix_ + std::to_string(++marks_);
  }
  const Partitions list = list_of(offsets);
  const auto error = rd_kafka_commit_queue(client_, list.get(), queue_.get(), nullptr, nullptr);
  on_its_way_ = error == RD_KAFKA_RESP_ERR_NO_ERROR;
  if (!on_its_way_) outcome.status = error_of(error, "Kafka: commit for " + topic_);
  return on_its_way_;
}

Commit::Outcome Commit::judge(rd_kafka_event_t* event) {
  on_its_way_ = false;
  const auto error = first_error(event);
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return {Answer::kStored, {}};
  return {is_expulsion(error) ? Answer::kExpelled : Answer::kRetry,
          error_of(error, "Kafka: commit for " + topic_)};
}

base::Result<bool> Commit::arrived(const Offsets& offsets, std::chrono::milliseconds wait) {
  const Partitions list = list_of(offsets);
  const auto error = rd_kafka_committed(client_, list.get(), static_cast<int>(wait.count()));
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
    return base::Error{base::ErrorCode::kUnavailable,
                       "Kafka: what is committed for " + topic_ + ": " + rd_kafka_err2str(error)};
  for (int i = 0; i < list->cnt; ++i) {
    const auto& partition = list->elems[i];
    const std::string_view mark(static_cast<const char*>(partition.metadata),
                                partition.metadata_size);
    if (mark.empty() || mark != mark_) return false;
  }
  return true;
}

Partitions Commit::list_of(const Offsets& offsets) const {
  Partitions list(rd_kafka_topic_partition_list_new(static_cast<int>(offsets.size())));
  for (const auto& [partition, offset] : offsets) {
    auto* entry = rd_kafka_topic_partition_list_add(list.get(), topic_.c_str(), partition);
    entry->offset = offset;
    entry->metadata = std::malloc(mark_.size());  // the list frees it
    std::memcpy(entry->metadata, mark_.data(), mark_.size());
    entry->metadata_size = mark_.size();
  }
  return list;
}

}  // namespace invoker_kafka
