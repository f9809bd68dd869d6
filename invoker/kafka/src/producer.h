// Sends messages; a thread of its own tells what became of them.
#pragma once

#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "handle.h"
#include "invoker/message_bus.h"

namespace invoker_kafka {

class Producer final : public invoker::MessageProducer, private Listener {
 public:
  // Errors: kInvalidArgument, kInternal.
  static base::Result<std::unique_ptr<Producer>> make(const Settings& settings,
                                                      const base::Logger& log);
  // What is still on its way is `sent` with kUnavailable.
  ~Producer() override;

  void send(const std::string& topic, std::string message, Sent sent) override;
  base::Status flush(base::Instant deadline) override;

 private:
  // A message while librdkafka has it, which reads its bytes from here.
  struct Parcel {
    std::string bytes;
    Sent sent;
  };

  explicit Producer(const base::Logger& log) : Listener(log) {}
  static void on_delivery(rd_kafka_t* handle, const rd_kafka_message_t* message, void* opaque);
  void failed(rd_kafka_resp_err_t error, const char* reason) override;
  void deliver(const std::stop_token& stop);
  void meet(const std::string& topic);
  void ask_for_leaders();

  Handle handle_;
  Queue queue_;
  std::mutex mutex_;  // guards the two below
  std::set<std::string> met_;
  std::vector<std::string> to_meet_;  // for the courier
  std::jthread courier_;
};

}  // namespace invoker_kafka
