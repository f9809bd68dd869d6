#include "invoker_server/metrics_text.h"

namespace invoker_server {

void append_invoker_metrics(const invoker::InvokerStats& stats, MetricsText& text) {
  const invoker::PoolStats& pool = stats.pool;
  text.family("larder_activations_accepted_total", "counter", "Activations taken over.")
      .value(stats.accepted);
  text.family("larder_activations_completed_total", "counter", "Activations ended, by outcome.")
      .value(stats.by_status[0], "{status=\"success\"}")
      .value(stats.by_status[1], "{status=\"application_error\"}")
      .value(stats.by_status[2], "{status=\"developer_error\"}")
      .value(stats.by_status[3], "{status=\"whisk_error\"}");
  text.family("larder_container_starts_total", "counter", "How activations got their container.")
      .value(pool.cold_starts, "{start=\"cold\"}")
      .value(pool.stem_starts, "{start=\"stemcell\"}")
      .value(pool.warm_starts, "{start=\"warm\"}");
  text.family("larder_container_evictions_total", "counter", "Idle containers removed for room.")
      .value(pool.evictions);
  text.family("larder_containers", "gauge", "Containers, by state.")
      .value(pool.warm, "{state=\"warm\"}")
      .value(pool.busy, "{state=\"busy\"}")
      .value(pool.paused, "{state=\"paused\"}")
      .value(pool.stem_cells, "{state=\"stemcell\"}")
      .value(pool.starting, "{state=\"starting\"}")
      .value(pool.removing, "{state=\"removing\"}");
  text.family("larder_pool_memory_bytes", "gauge", "Memory promised to containers.")
      .value(pool.memory_used_bytes);
  text.family("larder_activations_waiting", "gauge", "Activations that wait for room.")
      .value(pool.waiting);
}

}  // namespace invoker_server
