// What /metrics says.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "invoker/acknowledger.h"
#include "invoker/health.h"
#include "invoker/invoker.h"
#include "invoker/message_feed.h"
#include "invoker_couchdb/couch_actions.h"
#include "invoker_couchdb/couch_activations.h"
#include "invoker_handoff/handoff.h"
#include "invoker_settings/settings.h"

namespace program {

struct Measured {
  invoker::InvokerStats engine;
  invoker::FeedStats feed;
  invoker::Acknowledger::Stats acks;
  invoker_couchdb::CouchActionsStats actions;
  invoker_couchdb::CouchActivationsStats records;
  invoker::Health containers;
  bool database = false;        // answers, and takes records
  std::optional<bool> volumes;  // larder-storaged answers; nothing: none is looked for
  std::optional<invoker_handoff::HandoffStats> handoff;  // nothing: it is off
  std::uint64_t unreadable = 0;
  std::uint64_t repeated = 0;
  bool enabled = false;
  std::string topic;
  std::optional<std::int64_t> lag;  // messages that wait in the topic; nothing: not known
};

// Prometheus text; where asked for, under the names of OpenWhisk's own invoker too.
std::string metrics_of(const Measured& measured, const invoker_settings::MetricsSettings& settings);

}  // namespace program
