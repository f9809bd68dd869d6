#include "topic_table.h"

#include <algorithm>
#include <utility>

#include "errors.h"
#include "lag.h"

namespace invoker_kafka {
namespace {

using std::chrono::milliseconds;

constexpr int kAskMs = 2'000;
constexpr int kPurgeMs = 100;

Row row_of(const rd_kafka_message_t& message, std::int64_t end) {
  Row row;
  row.key.assign(static_cast<const char*>(message.key), message.key_len);
  if (message.payload != nullptr) {
    row.value.emplace(static_cast<const char*>(message.payload), message.len);
  }
  row.past = message.offset < end;
  return row;
}

}  // namespace

base::Result<std::unique_ptr<TopicTable>> TopicTable::make(Settings consumer,
                                                           const Settings& producer,
                                                           std::string topic,
                                                           const base::Logger& log) {
  std::unique_ptr<TopicTable> table(new TopicTable(std::move(topic), log));
  // It never joins the group; the library wants a name all the same.
  consumer["group.id"] = table->topic_ + "-readers";
  consumer["enable.auto.commit"] = "false";
  consumer["enable.auto.offset.store"] = "false";
  consumer["auto.offset.reset"] = "earliest";
  consumer.erase("group.instance.id");
  TRY(table->reader_, make_handle(RD_KAFKA_CONSUMER, make_conf(consumer, *table)));
  TRY(table->writer_, make_handle(RD_KAFKA_PRODUCER, make_conf(producer, *table)));
  rd_kafka_poll_set_consumer(table->reader_.get());
  const Partitions partitions(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(partitions.get(), table->topic_.c_str(), 0)->offset =
      RD_KAFKA_OFFSET_BEGINNING;
  const auto error = rd_kafka_assign(table->reader_.get(), partitions.get());
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
    return error_of(error, "Kafka: reading " + table->topic_);
  return table;
}

TopicTable::~TopicTable() {
  while (writer_ && rd_kafka_outq_len(writer_.get()) > 0) {
    rd_kafka_purge(writer_.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    rd_kafka_poll(writer_.get(), kPurgeMs);
  }
}

void TopicTable::put(const std::string& key, const std::optional<std::string>& value) {
  // The library copies both. Rows are news: what cannot be sent now is old when it could be.
  const void* bytes = value ? value->data() : nullptr;
  const std::size_t size = value ? value->size() : 0;
  const auto error = rd_kafka_producev(
      writer_.get(), RD_KAFKA_V_TOPIC(topic_.c_str()), RD_KAFKA_V_PARTITION(0),
      RD_KAFKA_V_KEY(key.data(), key.size()), RD_KAFKA_V_VALUE(const_cast<void*>(bytes), size),
      RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) log().debug("Kafka", rd_kafka_err2str(error));
  rd_kafka_poll(writer_.get(), 0);
}

bool TopicTable::flush(base::Instant deadline) {
  const auto left = std::chrono::ceil<milliseconds>(deadline - std::chrono::steady_clock::now());
  const auto wait = std::clamp<std::int64_t>(left.count(), 0, 60'000);
  return rd_kafka_flush(writer_.get(), static_cast<int>(wait)) == RD_KAFKA_RESP_ERR_NO_ERROR;
}

base::Status TopicTable::find_end() {
  if (end_) return {};
  TRY(end_, end_of(reader_.get(), topic_, 0, End::kLast, kAskMs));
  return {};
}

base::Result<std::vector<Row>> TopicTable::read(std::size_t count_max, milliseconds wait) {
  TRY_STATUS(find_end());
  std::vector<Row> rows;
  while (rows.size() < count_max) {
    const milliseconds patience = rows.empty() ? wait : milliseconds(0);
    const Message message(
        rd_kafka_consumer_poll(reader_.get(), static_cast<int>(patience.count())));
    if (!message || message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) break;
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      rows.push_back(row_of(*message, *end_));
    } else if (rows.empty()) {
      return base::Error{base::ErrorCode::kUnavailable, "Kafka: reading " + topic_ + ": " +
                                                            rd_kafka_message_errstr(message.get())};
    } else {
      break;
    }
  }
  return rows;
}

void TopicTable::failed(rd_kafka_resp_err_t, const char* reason) { log().debug("Kafka", reason); }

}  // namespace invoker_kafka
