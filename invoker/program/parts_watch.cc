// What an invoker tells of itself and of the world around it.
#include "metrics.h"
#include "parts.h"

namespace program {

using base::ErrorCode;

// A database that answers may still take no records, as with a password that may only read.
void ClassicInvoker::Parts::look_at_database() {
  base::Status status = probe->check();
  const auto records = activations->stats();
  if (status.ok() && !records.available) {
    status = base::Error{ErrorCode::kUnavailable, records.last_error};
  }
  if (readiness.note(kDatabase, status)) {
    if (status.ok()) {
      log.info("Invoker", "the database is there");
    } else {
      log.warn("Invoker", "the database: " + status.error().message);
    }
  }
}

void ClassicInvoker::Parts::look_at_volumes() {
  const invoker::Health health = volumes->health();
  if (volumes_there.exchange(health.ok) == health.ok) return;
  if (health.ok) {
    log.info("Invoker", "larder-storaged is there: actions may have volumes");
  } else {
    log.warn("Invoker", "larder-storaged is away: " + health.last_error);
  }
}

void ClassicInvoker::Parts::look_at_lag() {
  const auto waiting = consumer->lag();
  lag = waiting.ok() ? *waiting : -1;
}

std::vector<invoker_server::Check> ClassicInvoker::Parts::checks() {
  if (serving) {
    const std::string trouble = feed->stats().trouble;
    readiness.note(
        kKafka, trouble.empty() ? base::Status() : base::Error{ErrorCode::kUnavailable, trouble});
    readiness.take(kContainers, containers->health());
    if (settings.volumes.wanted == invoker_settings::VolumesWanted::kRequired) {
      readiness.take(kVolumes, volumes->health());
    }
  }
  return readiness.checks();
}

std::string ClassicInvoker::Parts::metrics() const {
  if (!serving) return "";
  const std::int64_t waiting = lag;
  return metrics_of({.engine = engine->stats(),
                     .feed = feed->stats(),
                     .acks = acknowledger->stats(),
                     .actions = actions->stats(),
                     .records = activations->stats(),
                     .containers = containers->health(),
                     .database = readiness.ok(kDatabase),
                     .volumes = volumes ? std::optional(volumes->health().ok) : std::nullopt,
                     .handoff = handoff ? std::optional(handoff->stats()) : std::nullopt,
                     .unreadable = reader->unreadable(),
                     .repeated = reader->repeated(),
                     .enabled = pinger->is_enabled(),
                     .topic = settings.kafka.topic_prefix + instance.source(),
                     .lag = waiting < 0 ? std::nullopt : std::optional(waiting)},
                    settings.metrics);
}

}  // namespace program
