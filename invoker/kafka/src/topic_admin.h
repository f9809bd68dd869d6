// Makes topics that are not there.
#pragma once

#include "handle.h"
#include "invoker/message_bus.h"

namespace invoker_kafka {

class TopicAdmin final : public invoker::TopicAdmin, private Listener {
 public:
  TopicAdmin(Settings settings, const base::Logger& log);

  base::Status ensure_topic(const invoker::TopicSpec& topic) override;

 private:
  void failed(rd_kafka_resp_err_t error, const char* reason) override;
  base::Status try_once(rd_kafka_t* client, const invoker::TopicSpec& topic) const;
  base::Result<bool> exists(rd_kafka_t* client, const std::string& name) const;
  base::Status create(rd_kafka_t* client, const invoker::TopicSpec& topic) const;

  const Settings settings_;
  std::string last_failure_;
};

}  // namespace invoker_kafka
