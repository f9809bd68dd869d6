// One topic, read as the only member of a group of the same name.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "commit.h"
#include "handle.h"
#include "invoker/message_bus.h"

namespace invoker_kafka {

class Consumer final : public invoker::MessageConsumer, private Listener {
 public:
  // Errors: kInvalidArgument, kInternal.
  static base::Result<std::unique_ptr<Consumer>> make(Settings settings, std::string topic,
                                                      const base::Logger& log);
  ~Consumer() override;

  base::Result<std::vector<std::string>> peek(std::size_t count_max,
                                              std::chrono::milliseconds wait) override;
  base::Status commit() override;
  base::Result<std::int64_t> lag() override;
  void wake() override;

 private:
  struct Client {
    Handle handle;
    Queue queue;
    std::unique_ptr<Commit> commit;
    ~Client();
  };
  struct FreeMessage {
    void operator()(rd_kafka_message_t* message) const { rd_kafka_message_destroy(message); }
  };
  using Message = std::unique_ptr<rd_kafka_message_t, FreeMessage>;

  Consumer(Settings settings, std::string topic, const base::Logger& log);
  static void on_rebalance(rd_kafka_t* handle, rd_kafka_resp_err_t kind,
                           rd_kafka_topic_partition_list_t* partitions, void* opaque);
  void failed(rd_kafka_resp_err_t error, const char* reason) override;
  void rebalanced(rd_kafka_resp_err_t kind, const rd_kafka_topic_partition_list_t* partitions);
  base::Status open();
  base::Status reopen_after_fatal();
  base::Status collect(std::size_t count_max, std::chrono::milliseconds wait,
                       std::vector<std::string>& batch);
  base::Status take(const rd_kafka_message_t& message, std::vector<std::string>& batch);
  void refill();
  base::Status away();
  base::Status settle();
  void taken_over();
  base::Error come_again(const base::Error& cause);
  std::shared_ptr<Client> client() const;

  const Settings settings_;
  const std::string topic_;
  const std::int64_t queue_bytes_;  // that librdkafka keeps ready at most

  // Of the reading thread alone:
  Offsets begin_;                   // of what was peeked and is not committed
  Offsets end_;                     // where it ends
  Offsets skip_below_;              // taken over, although an older commit may bring it again
  std::int64_t drained_bytes_ = 0;  // read since nothing was ready
  bool expelled_ = false;           // what was peeked is to be settled before anything else
  bool unreachable_ = false;        // no broker answers
  bool regrouped_ = false;          // the partitions were dealt anew
  std::string last_failure_;
  std::optional<base::Instant> fatal_since_;

  mutable std::mutex mutex_;  // guards what follows; held for no call into librdkafka
  std::shared_ptr<Client> client_;
  Offsets next_;  // of partitions that are ours: the first not peeked; -1: as committed
};

}  // namespace invoker_kafka
