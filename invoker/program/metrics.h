// What /metrics says.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "invoker/acknowledger.h"
#include "invoker/invoker.h"
#include "invoker/message_feed.h"
#include "invoker_couchdb/couch_actions.h"
#include "invoker_couchdb/couch_activations.h"

namespace program {

struct Measured {
  invoker::InvokerStats engine;
  invoker::FeedStats feed;
  invoker::Acknowledger::Stats acks;
  invoker_couchdb::CouchActionsStats actions;
  invoker_couchdb::CouchActivationsStats records;
  std::uint64_t unreadable = 0;
  bool enabled = false;
  std::string topic;
  std::optional<std::int64_t> lag;  // messages that wait in the topic; nothing: not known
};

// Prometheus text; with `stock_names`, what OpenWhisk's own invoker calls the same things too.
std::string metrics_of(const Measured& measured, bool stock_names);

}  // namespace program
