// OpenWhisk names a metric "<type>.<component>_<action>[.<part>]_<state>"; for Prometheus, Kamon
// makes '_' of what is no letter or digit and adds "_total" to counters. With tags, <part> is left
// out and becomes a label.
#include "invoker_server/metrics_text.h"

namespace invoker_server {
namespace {

constexpr std::string_view kHelp = "As OpenWhisk's invoker counts it.";

void container_starts(const StockMetrics& known, MetricsText& text) {
  const invoker::PoolStats& pool = known.stats.pool;
  const std::pair<const char*, std::uint64_t> starts[] = {
      {"cold", pool.cold_starts}, {"prewarmed", pool.stem_starts}, {"warmed", pool.warm_starts}};
  if (known.tags) text.family("counter_invoker_containerStart_counter_total", "counter", kHelp);
  for (const auto& [state, count] : starts) {
    if (known.tags) {
      text.value(count, "{containerState=\"" + std::string(state) + "\"}");
    } else {
      text.family("counter_invoker_containerStart_" + std::string(state) + "_counter_total",
                  "counter", kHelp)
          .value(count);
    }
  }
}

void pool_gauges(const invoker::PoolStats& pool, MetricsText& text) {
  const std::pair<const char*, std::size_t> gauges[] = {{"activeCount", pool.busy},
                                                        {"idlesCount", pool.warm + pool.paused},
                                                        {"prewarmCount", pool.stem_cells},
                                                        {"runBufferCount", pool.waiting}};
  for (const auto& [name, count] : gauges) {
    text.family("gauge_containerPool_" + std::string(name) + "_counter", "gauge", kHelp)
        .value(count);
  }
}

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// A name of a metric has no other characters.
std::string plain(std::string text) {
  for (char& c : text) c = is_plain(c) ? c : '_';
  return text;
}

void topic_gauge(const StockMetrics& known, MetricsText& text) {
  if (!known.lag) return;
  if (known.tags) {
    text.family("gauge_kafka_topic_counter", "gauge", kHelp)
        .value(*known.lag, "{topic=\"" + label_value(known.topic) + "\"}");
  } else {
    text.family("gauge_kafka_" + plain(known.topic) + "_counter", "gauge", kHelp).value(*known.lag);
  }
}

}  // namespace

void append_stock_metrics(const StockMetrics& known, MetricsText& text) {
  text.family("counter_invoker_activation_start_total", "counter", kHelp)
      .value(known.stats.accepted);
  container_starts(known, text);
  pool_gauges(known.stats.pool, text);
  topic_gauge(known, text);
}

}  // namespace invoker_server
