// A table over one partition of a topic.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "handle.h"
#include "invoker_kafka/table.h"

namespace invoker_kafka {

class TopicTable final : public Table, private Listener {
 public:
  // Errors: kInvalidArgument, kInternal.
  static base::Result<std::unique_ptr<TopicTable>> make(Settings consumer, const Settings& producer,
                                                        std::string topic, const base::Logger& log);
  ~TopicTable() override;

  void put(const std::string& key, const std::optional<std::string>& value) override;
  bool flush(base::Instant deadline) override;
  base::Result<std::vector<Row>> read(std::size_t count_max,
                                      std::chrono::milliseconds wait) override;

 private:
  struct FreeMessage {
    void operator()(rd_kafka_message_t* message) const { rd_kafka_message_destroy(message); }
  };
  using Message = std::unique_ptr<rd_kafka_message_t, FreeMessage>;

  TopicTable(std::string topic, const base::Logger& log)
      : Listener(log), topic_(std::move(topic)) {}
  void failed(rd_kafka_resp_err_t error, const char* reason) override;
  base::Status find_end();

  const std::string topic_;
  Handle writer_;
  Handle reader_;
  std::optional<std::int64_t> end_;  // of what is past; of the reading thread
};

}  // namespace invoker_kafka
