// What the daemon tells people of itself.
#include <string>

#include "base/json.h"
#include "daemon_of_node.h"

namespace gpu_pool {
namespace {

using base::Json;

Json number(std::uint64_t value) { return Json::number(std::to_string(value)); }

Json to_json(const gpu_leases::LeaseStats& stats) {
  return Json::object({{"granted", number(stats.granted)},
                       {"grantedAtOnce", number(stats.granted_at_once)},
                       {"refused", number(stats.refused)},
                       {"expired", number(stats.expired)},
                       {"lost", number(stats.lost)},
                       {"waiting", number(stats.waiting)},
                       {"held", number(stats.held)},
                       {"idleSessions", number(stats.idle_sessions)}});
}

}  // namespace

std::string DaemonOfNode::describe() const {
  Json gpus = Json::array();
  for (gpu_leases::GpuIndex gpu = 0; gpu < options_.leases.gpus.size(); ++gpu) {
    const auto& one = options_.leases.gpus[gpu];
    gpus.items().push_back(
        Json::object({{"kind", one.kind == gpu_leases::DeviceKind::kCuda ? "cuda" : "host"},
                      {"memoryBytes", number(one.memory_bytes)},
                      {"freeBytes", number(book_.free_bytes(gpu))}}));
  }
  Json leases = Json::array();
  constexpr std::size_t kShownMax = 1000;
  for (const auto& [id, record] : records_) {
    if (leases.items().size() == kShownMax) break;
    const auto since = std::chrono::duration_cast<milliseconds>(clock_.now() - record.since);
    leases.items().push_back(
        Json::object({{"activation", record.wish.activation_id},
                      {"namespace", record.wish.namespace_name},
                      {"state", record.session ? "held" : "waiting"},
                      {"memoryBytes", number(record.wish.memory_bytes)},
                      {"count", number(record.wish.count)},
                      {"sinceMs", number(static_cast<std::uint64_t>(since.count()))}}));
  }
  return Json::object({{"node", options_.node},
                       {"gpus", std::move(gpus)},
                       {"leases", std::move(leases)},
                       {"clients", number(clients_.size())},
                       {"counts", to_json(book_.stats())}})
      .to_string();
}

}  // namespace gpu_pool
