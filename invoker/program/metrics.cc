#include "metrics.h"

#include "invoker_server/metrics_text.h"

namespace program {

using invoker_server::MetricsText;

namespace {

void append_feed(const Measured& measured, MetricsText& text) {
  const invoker::FeedStats& feed = measured.feed;
  text.family("larder_messages_committed_total", "counter", "Messages taken over from the topic.")
      .value(feed.committed);
  text.family("larder_messages_unreadable_total", "counter", "Messages that were dropped.")
      .value(measured.unreadable);
  text.family("larder_messages_repeated_total", "counter",
              "Activations that came a second time and were not run again.")
      .value(measured.repeated);
  text.family("larder_messages", "gauge", "Messages taken over and not ended, by state.")
      .value(feed.waiting, "{state=\"waiting\"}")
      .value(feed.begun, "{state=\"begun\"}");
  if (measured.lag) {
    text.family("larder_topic_lag", "gauge", "Messages that wait in the topic.")
        .value(*measured.lag);
  }
  text.family("larder_enabled", "gauge", "1 while controllers are told to send work.")
      .value(measured.enabled ? 1 : 0);
}

void append_acks(const invoker::Acknowledger::Stats& acks, MetricsText& text) {
  text.family("larder_acknowledgements_total", "counter", "Acknowledgements, by fate.")
      .value(acks.sent, "{fate=\"arrived\"}")
      .value(acks.lost, "{fate=\"given_up\"}");
  text.family("larder_acknowledgements_repeated_total", "counter",
              "Sent again, because the bus did not take them.")
      .value(acks.repeated);
  text.family("larder_acknowledgements_shrunk_total", "counter",
              "Sent without their result, because that was too large.")
      .value(acks.shrunk);
  text.family("larder_acknowledgements_under_way", "gauge", "Not known to have arrived yet.")
      .value(acks.under_way);
}

void append_actions(const invoker_couchdb::CouchActionsStats& actions, MetricsText& text) {
  text.family("larder_action_reads_total", "counter", "How actions were had.")
      .value(actions.hits, "{from=\"cache\"}")
      .value(actions.joined, "{from=\"another_read\"}")
      .value(actions.reads, "{from=\"database\"}");
  text.family("larder_action_read_failures_total", "counter", "Actions that could not be had.")
      .value(actions.failures);
  text.family("larder_action_cache_bytes", "gauge", "Actions kept in memory.")
      .value(actions.cached_bytes);
}

void append_records(const invoker_couchdb::CouchActivationsStats& records, MetricsText& text) {
  text.family("larder_records_total", "counter", "Records of activations, by fate.")
      .value(records.written, "{fate=\"written\"}")
      .value(records.repeated, "{fate=\"there_already\"}")
      .value(records.refused, "{fate=\"refused\"}")
      .value(records.lost, "{fate=\"lost\"}");
  text.family("larder_records_waiting", "gauge", "Records in memory that are not written yet.")
      .value(records.waiting);
  text.family("larder_records_spill_bytes", "gauge", "Records on disk that wait for the database.")
      .value(records.spill_bytes);
}

void append_database(bool is_up, MetricsText& text) {
  text.family("larder_database_up", "gauge", "1 while the database answers and takes records.")
      .value(is_up ? 1 : 0);
}

void append_volumes(const std::optional<bool>& are_there, MetricsText& text) {
  if (!are_there) return;
  text.family("larder_storaged_up", "gauge", "1 while larder-storaged answers: volumes can be had.")
      .value(*are_there ? 1 : 0);
}

void append_health(const invoker::Health& containers, MetricsText& text) {
  text.family("larder_container_engine_up", "gauge",
              "1 while containers can be made, as far as is known.")
      .value(containers.ok ? 1 : 0);
}

std::string label(std::string_view name, std::string_view value) {
  return "{" + std::string(name) + "=\"" + std::string(value) + "\"}";
}

void append_handoff(const invoker_handoff::HandoffStats& stats, MetricsText& text) {
  using invoker_handoff::Refusal;
  using invoker_handoff::Return;
  const auto& owner = stats.owner;
  auto& handoffs = text.family("larder_handoffs_total", "counter",
                               "Activations offered to other invokers, by what came of it.");
  handoffs.value(owner.done, label("reason", "done")).value(owner.lost, label("reason", "lost"));
  for (std::size_t i = 0; i < owner.returned.size(); ++i) {
    handoffs.value(owner.returned[i], label("reason", name_of(static_cast<Return>(i))));
  }
  text.family("larder_handoff_offers_total", "counter", "Offers to other invokers.")
      .value(owner.offers);
  text.family("larder_handoffs_under_way", "gauge", "At other invokers.").value(owner.outstanding);
  const auto& executor = stats.executor;
  auto& guests = text.family("larder_guests_total", "counter",
                             "Activations of other invokers, by what came of them.");
  guests.value(executor.done, label("fate", "run")).value(executor.failed, label("fate", "failed"));
  guests.value(executor.lapsed, label("fate", "lapsed"));
  for (std::size_t i = 0; i < executor.refused.size(); ++i) {
    const std::string_view name = name_of(static_cast<Refusal>(i));
    guests.value(executor.refused[i], label("fate", "refused_" + std::string(name)));
  }
  text.family("larder_guests", "gauge", "Here or expected.").value(executor.guests);
  text.family("larder_peers_connected", "gauge", "Other invokers.").value(stats.peers_up);
  text.family("larder_peer_connections_broken_total", "counter", "With other invokers.")
      .value(stats.links_broken);
  text.family("larder_peer_connections_refused_total", "counter", "Of who could not say who it is.")
      .value(stats.links_refused);
}

}  // namespace

std::string metrics_of(const Measured& measured,
                       const invoker_settings::MetricsSettings& settings) {
  MetricsText text;
  append_invoker_metrics(measured.engine, text);
  append_feed(measured, text);
  append_acks(measured.acks, text);
  append_actions(measured.actions, text);
  append_records(measured.records, text);
  append_database(measured.database, text);
  append_health(measured.containers, text);
  append_volumes(measured.volumes, text);
  if (measured.handoff) append_handoff(*measured.handoff, text);
  if (settings.stock_names) {
    append_stock_metrics({measured.engine, measured.topic, measured.lag, settings.stock_tags},
                         text);
  }
  return text.take();
}

}  // namespace program
