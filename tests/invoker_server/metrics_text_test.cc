#include "invoker_server/metrics_text.h"

#include <gtest/gtest.h>

namespace {

using invoker_server::MetricsText;
using invoker_server::StockMetrics;

invoker::InvokerStats stats() {
  invoker::InvokerStats stats;
  stats.accepted = 7;
  stats.pool.cold_starts = 1;
  stats.pool.stem_starts = 2;
  stats.pool.warm_starts = 3;
  stats.pool.busy = 4;
  stats.pool.warm = 5;
  stats.pool.paused = 6;
  stats.pool.stem_cells = 8;
  stats.pool.waiting = 9;
  stats.pool.memory_used_bytes = 1 << 28;
  return stats;
}

std::string stock(StockMetrics known) {
  MetricsText text;
  append_stock_metrics(known, text);
  return text.take();
}

bool has_line(const std::string& text, const std::string& line) {
  return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

TEST(Metrics, OursFollowPrometheusConventions) {
  MetricsText text;
  append_invoker_metrics(stats(), text);
  const std::string all = text.take();
  EXPECT_TRUE(has_line(all, "# TYPE larder_activations_accepted_total counter"));
  EXPECT_TRUE(has_line(all, "larder_activations_accepted_total 7"));
  EXPECT_TRUE(has_line(all, "larder_containers{state=\"paused\"} 6"));
  EXPECT_TRUE(has_line(all, "larder_pool_memory_bytes 268435456"));
}

TEST(Metrics, StockNamesAreThoseOfKamonForPrometheus) {
  const std::string all = stock({.stats = stats(), .topic = "pre.invoker0", .lag = 11});
  for (const char* line :
       {"counter_invoker_activation_start_total 7",
        "counter_invoker_containerStart_cold_counter_total 1",
        "counter_invoker_containerStart_prewarmed_counter_total 2",
        "counter_invoker_containerStart_warmed_counter_total 3",
        "gauge_containerPool_activeCount_counter 4", "gauge_containerPool_idlesCount_counter 11",
        "gauge_containerPool_prewarmCount_counter 8",
        "gauge_containerPool_runBufferCount_counter 9", "gauge_kafka_pre_invoker0_counter 11"}) {
    EXPECT_TRUE(has_line(all, line)) << line << "\n" << all;
  }
}

TEST(Metrics, WithTagsPartOfAStockNameIsALabel) {
  const std::string all = stock({.stats = stats(), .topic = "a\"b", .lag = 11, .tags = true});
  for (const char* line :
       {"counter_invoker_containerStart_counter_total{containerState=\"cold\"} 1",
        "gauge_kafka_topic_counter{topic=\"a\\\"b\"} 11"}) {
    EXPECT_TRUE(has_line(all, line)) << line << "\n" << all;
  }
}

TEST(Metrics, AnUnknownLagIsLeftOut) {
  EXPECT_EQ(stock({.stats = stats(), .topic = "invoker0"}).find("kafka"), std::string::npos);
}

TEST(Metrics, EveryValueHasItsTypeAndHelp) {
  MetricsText text;
  append_invoker_metrics(stats(), text);
  append_stock_metrics({.stats = stats(), .topic = "invoker0", .lag = 1}, text);
  std::string all = text.take();
  std::size_t families = 0;
  for (std::size_t at = 0; (at = all.find("# TYPE ", at)) != std::string::npos; ++at) ++families;
  EXPECT_EQ(families, 7u + 9u);
  EXPECT_TRUE(all.ends_with("\n"));
}

}  // namespace
