#include <algorithm>
#include <array>

#include "keys.h"

namespace invoker_settings {
namespace {

// A setting, or a whole tree of them, and why it means nothing here.
struct Unused {
  std::string_view path;
  std::string_view reason;
};

constexpr std::string_view kController = "the controller's";
constexpr std::string_view kScheduler = "of OpenWhisk's new scheduler";
constexpr std::string_view kJvm = "there is no JVM here";
constexpr std::string_view kDatabase = "of another database; records and actions are in CouchDB";
constexpr std::string_view kStemCells = "stem cells are refilled at once";
constexpr std::string_view kPausing = "containers are paused by the kernel's freezer or by Docker";

constexpr Unused kUnused[] = {
    {"JMX_REMOTE", kJvm},
    {"INVOKER_CONTAINER_POLICY", "OpenWhisk does not use it either"},
    {"DB_WHISK_ACTIONS", "CONFIG_whisk_couchdb_databases_WhiskEntity says it"},
    {"DB_WHISK_ACTIVATIONS", "CONFIG_whisk_couchdb_databases_WhiskActivation says it"},
    {"DB_WHISK_AUTHS", "CONFIG_whisk_couchdb_databases_WhiskAuth says it"},
    {"WHISK_LOGS_DIR", "the log goes to the standard output"},
    {"TZ", "times are in UTC"},
    {"whisk.activation-store.retry-config", "a record is tried until the database has it"},

    {"akka", kJvm},
    {"pekko", kJvm},
    {"com", kJvm},
    {"java", kJvm},
    {"javax", kJvm},
    {"sun", kJvm},
    {"user", kJvm},
    {"file", kJvm},
    {"logback", kJvm},
    {"kubernetes", "containers are Docker's or our own"},
    {"kamon", "metrics are read from /metrics and are sent nowhere"},

    {"whisk.spi.InvokerServerProvider", "whisk.spi.InvokerProvider decides"},
    {"whisk.spi.LoadBalancerProvider", kController},
    {"whisk.spi.EntitlementSpiProvider", kController},
    {"whisk.spi.AuthenticationDirectiveProvider", kController},
    {"whisk.spi.ContainerPoolProvider", "the pool is our own"},
    {"whisk.spi.DurationCheckerProvider", kScheduler},

    {"whisk.kakfa", "a slip of the pen for kafka, which OpenWhisk ignores too"},
    {"whisk.kafka.topics.cache-invalidation", kController},
    {"whisk.kafka.topics.completed", kController},
    {"whisk.kafka.topics.health", kController},
    {"whisk.kafka.topics.events", kController},
    {"whisk.kafka.topics.scheduler", kScheduler},
    {"whisk.kafka.topics.creation-ack", kScheduler},

    {"whisk.db", "names of views that are not used, or are fixed"},
    {"whisk.mongodb", kDatabase},
    {"whisk.cosmosdb", kDatabase},
    {"whisk.activation-store.elasticsearch", kDatabase},
    {"whisk.query-limit", kController},
    {"whisk.parameter-storage.current", kController},

    {"whisk.container-pool.akka-client", "our client keeps its connections"},
    {"whisk.container-pool.pekko-client", "our client keeps its connections"},
    {"whisk.apache-client", "our client keeps its connections"},
    {"whisk.container-pool.prewarm-expiration-check-init-delay", kStemCells},
    {"whisk.container-pool.prewarm-expiration-check-interval", kStemCells},
    {"whisk.container-pool.prewarm-expiration-check-interval-variance", kStemCells},
    {"whisk.container-pool.prewarm-expiration-limit", kStemCells},
    {"whisk.container-pool.prewarm-max-retry-limit", kScheduler},
    {"whisk.container-pool.prewarm-promotion", kScheduler},
    {"whisk.container-pool.memory-sync-interval", kScheduler},
    {"whisk.container-pool.batch-deletion-size", kScheduler},
    {"whisk.container-pool.cluster-managed-resources", "Kubernetes'"},
    {"whisk.container-pool.cluster-managed-resource-max-starts", "Kubernetes'"},
    {"whisk.container-proxy.timeouts.keeping-duration", kScheduler},
    {"whisk.container-proxy.action-health-check",
     "a container that has died is found when it is needed, and replaced"},
    {"whisk.docker.container-factory.use-runc", kPausing},
    {"whisk.docker.client.mask-docker-run-args", "the arguments are never logged"},
    {"whisk.docker.standalone", "of OpenWhisk's standalone program"},
    {"whisk.runc", kPausing},
    {"whisk.kubernetes", "containers are Docker's or our own"},
    {"whisk.yarn", "containers are Docker's or our own"},
    {"whisk.mesos", "containers are Docker's or our own"},
    {"whisk.runtimes", "the manifest says it"},

    {"whisk.memory.std", kController},
    {"whisk.time-limit.std", kController},
    {"whisk.log-limit.std", kController},
    {"whisk.concurrency-limit.std", kController},
    {"whisk.exec-size-limit", kController},
    {"whisk.parameter-size-limit", kController},
    {"whisk.namespace-default-limit.parameter-size-limit", kController},
    {"whisk.controller", kController},
    {"whisk.loadbalancer", kController},
    {"whisk.entitlement", kController},
    {"whisk.api", kController},
    {"whisk.swagger-ui", kController},
    {"whisk.feature-flags", kController},

    {"whisk.cluster", kScheduler},
    {"whisk.etcd", kScheduler},
    {"whisk.scheduler", kScheduler},
    {"whisk.invoker.container-creation", kScheduler},
    {"whisk.metrics", "METRICS_KAMON and whisk.metrics.prometheus-enabled decide"},
    {"whisk.tracing", "there is no tracing"},
    {"whisk.logstore", "of another log store"},
    {"whisk.transactions.stride", "OpenWhisk does not use it either"},
    {"whisk.config", kJvm},
    {"whisk.helm", "Kubernetes'"},
};

bool is_in(std::string_view path, std::string_view tree) {
  return path == tree ||
         (path.size() > tree.size() && path.starts_with(tree) && path[tree.size()] == '.');
}

// Looked for; the last ones only to be said not to be used.
constexpr std::array<std::string_view, 17> kNamed = {
    "PORT",
    "KAFKA_HOSTS",
    "ZOOKEEPER_HOSTS",
    "RUNTIMES_MANIFEST",
    "WHISK_API_HOST_PROTO",
    "WHISK_API_HOST_NAME",
    "WHISK_API_HOST_PORT",
    "METRICS_KAMON",
    "METRICS_LOG",
    "METRICS_KAMON_TAGS",
    "JMX_REMOTE",
    "INVOKER_CONTAINER_POLICY",
    "DB_WHISK_ACTIONS",
    "DB_WHISK_ACTIVATIONS",
    "DB_WHISK_AUTHS",
    "WHISK_LOGS_DIR",
    "TZ",
};

}  // namespace

std::string_view reason_not_used(std::string_view path) {
  const auto found =
      std::ranges::find_if(kUnused, [&](const Unused& one) { return is_in(path, one.path); });
  return found == std::end(kUnused) ? std::string_view() : found->reason;
}

std::span<const std::string_view> named_variables() { return kNamed; }

}  // namespace invoker_settings
