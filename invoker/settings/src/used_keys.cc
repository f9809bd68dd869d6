#include <algorithm>

#include "base/text.h"
#include "keys.h"

namespace invoker_settings {
namespace {

constexpr Key kKeys[] = {
    {"larder.mode", nullptr, "classic, where whisk.spi.InvokerProvider says nothing"},
    {"larder.address", "0.0.0.0", "IPv4 address of the HTTP server"},
    {"larder.containers", "docker", "docker, or sandbox: containers of our own"},
    {"larder.docker.socket", "/var/run/docker.sock", "of the Docker Engine API"},
    {"larder.docker.folder", "/containers", "where Docker's folder `containers` is mounted"},
    {"larder.python.stem", "true", "sandboxes with python are forks of one kept interpreter"},
    {"larder.volumes", "auto", "auto, required (else not ready) or none"},
    {"larder.storaged.socket", "/run/larder/storaged.sock", "of this node's larder-storaged"},
    {"larder.storaged.patience", "10 s", "for one that starts, or has gone"},
    {"larder.handoff.key", nullptr, "that invokers share, in a lab", Shape::kOne, true},
    {"larder.handoff.certificate", nullptr, "PEM file: this invoker's, with CN=invokerN"},
    {"larder.handoff.private-key", nullptr, "PEM file: of the certificate"},
    {"larder.handoff.authority", nullptr, "PEM file: who signs the invokers' certificates"},
    {"larder.handoff.address", "0.0.0.0", "where other invokers call"},
    {"larder.handoff.port", "7430", "the same; 0: any"},
    {"larder.handoff.peers", nullptr, "N=HOST:PORT,...: other invokers, with numeric addresses"},
    {"larder.handoff.guests", "true", "whether activations of others are taken"},
    {"larder.handoff.reserve", "0", "memory for them alone: controllers hear of so much less"},
    {"larder.handoff.budget", "5 ms", "for the answer to an offer"},
    {"larder.handoff.drill", "0", "% of activations that go to a peer for no reason, as a test"},
    {"larder.data-folder", "/var/lib/larder", "for what must outlive a restart"},
    {"larder.pool.second-container-patience", "100 ms", "before it evicts what was just used"},
    {"larder.records.memory", "64m", "records that may wait in memory for the database"},
    {"larder.records.folder", nullptr,
     "for records that wait on disk; records/ in the data folder"},
    {"larder.records.folder-size", "1g", "disk that they may take"},
    {"larder.stop-patience", "50 s", "for running activations, after SIGTERM"},
    {"larder.metrics.stock-names", nullptr, "OpenWhisk's metric names too: true or false"},
    {"larder.log.format", "openwhisk", "openwhisk, json or logfmt"},

    {"PORT", "8080", "of the HTTP server"},
    {"KAFKA_HOSTS", nullptr, "HOST:PORT,... of the brokers"},
    {"ZOOKEEPER_HOSTS", nullptr, "HOST:PORT,...; needed with --uniqueName and no --id"},
    {"RUNTIMES_MANIFEST", nullptr, "the runtimes, as JSON"},
    {"WHISK_API_HOST_PROTO", "https", "of the API that actions see"},
    {"WHISK_API_HOST_NAME", nullptr, "its host"},
    {"WHISK_API_HOST_PORT", "443", "its port"},
    {"METRICS_KAMON", "false", "with whisk.metrics.prometheus-enabled: OpenWhisk's metric names"},
    {"METRICS_KAMON_TAGS", "false", "those names with labels"},
    {"METRICS_LOG", "true", "a log line with a marker for each step of an activation"},

    {"logback.log.level", "INFO", "DEBUG, INFO, WARN or ERROR"},
    {"whisk.spi.InvokerProvider", nullptr, "the protocol: classic or not"},
    {"whisk.spi.ContainerFactoryProvider", nullptr, "Docker's"},
    {"whisk.spi.LogStoreProvider", nullptr, "into the record, or left to Docker's log driver"},
    {"whisk.spi.ArtifactStoreProvider", nullptr, "CouchDB's"},
    {"whisk.spi.ActivationStoreProvider", nullptr, "CouchDB's"},
    {"whisk.spi.MessagingProvider", nullptr, "Kafka's"},

    {"whisk.invoker.protocol", "http", "http or https"},
    {"whisk.invoker.https.keystore-path", nullptr, "PKCS#12 file with key and certificates"},
    {"whisk.invoker.https.keystore-password", nullptr, "of it", Shape::kOne, true},
    {"whisk.invoker.https.keystore-flavor", "PKCS12", "PKCS12"},
    {"whisk.invoker.https.client-auth", "true", "refuse clients without a certificate"},
    {"whisk.invoker.username", "invoker.user", "for /enable, /disable, /isEnabled"},
    {"whisk.invoker.password", "invoker.pass", "for them", Shape::kOne, true},
    {"whisk.invoker.resource.tags", nullptr, "comma list, told to controllers"},
    {"whisk.invoker.dedicated.namespaces", nullptr, "comma list, told to controllers"},
    {"whisk.transactions.header", "X-Request-ID", "of requests and answers"},
    {"whisk.metrics.prometheus-enabled", "false", "see METRICS_KAMON"},

    {"whisk.kafka.replication-factor", "1", "of topics made here"},
    {"whisk.kafka.topics.prefix", "", "of topics"},
    {"whisk.kafka.topics.user-event.prefix", "", "of the topic events"},
    {"whisk.kafka.topics.invoker", nullptr, "settings of the topic invokerN", Shape::kTree},
    {"whisk.kafka.common", nullptr, "properties of every client", Shape::kTree},
    {"whisk.kafka.consumer", nullptr, "properties of consumers", Shape::kTree},
    {"whisk.kafka.producer", nullptr, "properties of producers", Shape::kTree},
    {"whisk.user-events.enabled", "false", "send events"},

    {"whisk.couchdb.protocol", "http", "http or https"},
    {"whisk.couchdb.host", nullptr, "of the database"},
    {"whisk.couchdb.port", "5984", "of the database"},
    {"whisk.couchdb.username", "", "of the database"},
    {"whisk.couchdb.password", "", "of the database", Shape::kOne, true},
    {"whisk.couchdb.provider", "CouchDB", "CouchDB or Cloudant"},
    {"whisk.couchdb.databases.WhiskEntity", nullptr, "name of the database of actions"},
    {"whisk.couchdb.databases.WhiskActivation", nullptr, "name of the database of records"},
    {"whisk.couchdb.databases.WhiskAuth", nullptr, "name of the database of subjects"},
    {"whisk.blacklist.poll-interval", "5 minutes", "how often blocked namespaces are read"},
    {"whisk.activation.store-blocking-result-level", nullptr, "which records are written"},
    {"whisk.activation.store-non-blocking-result-level", "STORE_ALWAYS", "the same"},
    {"whisk.activation.disable-store-result", "false", "where the first is not set"},
    {"whisk.activation.unstored-logs-enabled", "false", "log a line for records not written"},
    {"whisk.parameter-storage.aes-128", nullptr, "base64 of 16 bytes", Shape::kOne, true},
    {"whisk.parameter-storage.aes-256", nullptr, "base64 of 32 bytes", Shape::kOne, true},

    {"whisk.container-pool.user-memory", "1024 m", "memory of all containers together"},
    {"whisk.container-pool.user-cpus", nullptr, "CPUs of all containers together"},
    {"whisk.container-pool.concurrent-peek-factor", "0.5", "more than 0, at most 1"},
    {"whisk.container-proxy.timeouts.idle-container", "10 minutes", "then it is removed"},
    {"whisk.container-proxy.timeouts.pause-grace", "10 seconds", "then it is paused"},

    {"whisk.container-factory.container-args.network", "bridge", "of containers"},
    {"whisk.container-factory.container-args.dns-servers", nullptr, "list"},
    {"whisk.container-factory.container-args.dns-search", nullptr, "list"},
    {"whisk.container-factory.container-args.dns-options", nullptr, "list"},
    {"whisk.container-factory.container-args.extra-env-vars", nullptr, "list of NAME=value",
     Shape::kOne, true},
    {"whisk.container-factory.container-args.extra-args", nullptr, "options of docker run: lists",
     Shape::kTree},
    {"whisk.container-factory.runtimes-registry.url", "", "of runtimes' images"},
    {"whisk.container-factory.user-images-registry.url", "", "of users' images"},
    {"whisk.runtimes.bypass-pull-for-local-images", "false", "do not pull images of the prefix"},
    {"whisk.runtimes.local-image-prefix", "whisk", "the prefix"},
    {"whisk.docker.client.parallel-runs", "10", "containers started at once; 0: any number"},
    {"whisk.docker.client.timeouts.run", "1 minute", "Inf: none"},
    {"whisk.docker.client.timeouts.rm", "1 minute", "Inf: none"},
    {"whisk.docker.client.timeouts.pull", "10 minutes", "Inf: none"},
    {"whisk.docker.client.timeouts.ps", "1 minute", "Inf: none"},
    {"whisk.docker.client.timeouts.inspect", "1 minute", "Inf: none"},
    {"whisk.docker.client.timeouts.pause", "10 seconds", "Inf: none"},
    {"whisk.docker.client.timeouts.unpause", "10 seconds", "Inf: none"},
    {"whisk.docker.client.timeouts.version", "10 seconds", "Inf: none"},

    {"whisk.time-limit.min", "100 milliseconds", "of actions"},
    {"whisk.time-limit.max", "5 minutes", "of actions"},
    {"whisk.memory.min", "128 m", "of actions"},
    {"whisk.memory.max", "512 m", "of actions"},
    {"whisk.log-limit.min", "0 m", "of actions"},
    {"whisk.log-limit.max", "10 m", "of actions"},
    {"whisk.concurrency-limit.min", "1", "of actions"},
    {"whisk.concurrency-limit.max", "1", "of actions"},
    {"whisk.activation.payload.max", "1 m", "of parameters and of results"},
    {"whisk.activation.payload.truncation", "1 m", "of a result that is too large"},
    {"whisk.activation.serdes-overhead", "6068", "of a message around its payload, in bytes"},
    {"whisk.namespace-default-limit.time-limit.min", nullptr, "else the system's"},
    {"whisk.namespace-default-limit.time-limit.max", nullptr, "else the system's"},
    {"whisk.namespace-default-limit.memory.min", nullptr, "else the system's"},
    {"whisk.namespace-default-limit.memory.max", nullptr, "else the system's"},
    {"whisk.namespace-default-limit.log-limit.min", nullptr, "else the system's"},
    {"whisk.namespace-default-limit.log-limit.max", nullptr, "else the system's"},
    {"whisk.namespace-default-limit.concurrency-limit.min", nullptr, "else the system's"},
    {"whisk.namespace-default-limit.concurrency-limit.max", nullptr, "else the system's"},
    {"whisk.namespace-default-limit.activation.payload.max", nullptr, "else the system's"},
    {"whisk.namespace-default-limit.activation.payload.truncation", nullptr, "else the system's"},
};

// "a.b.0" is below "a.b".
bool is_below(std::string_view path, std::string_view above) {
  return path.size() > above.size() && path.starts_with(above) && path[above.size()] == '.';
}

bool is_number(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

std::span<const Key> used_keys() { return kKeys; }

const Key* used_key(std::string_view path) {
  const auto covers = [&](const Key& key) {
    if (key.path == path) return key.shape == Shape::kOne;
    if (!is_below(path, key.path)) return false;
    return key.shape == Shape::kTree || is_number(path.substr(key.path.size() + 1));
  };
  const auto* const found = std::ranges::find_if(kKeys, covers);
  return found == std::end(kKeys) ? nullptr : found;
}

bool is_secret(std::string_view path) {
  const Key* key = used_key(path);
  if (key != nullptr && key->shape == Shape::kOne) return key->secret;
  const std::string name = base::lower_case(path);
  return name.ends_with("key") ||
         std::ranges::any_of(std::initializer_list<std::string_view>{"password", "secret", "jaas",
                                                                     "token", "credential", "pem"},
                             [&](std::string_view word) { return name.find(word) != name.npos; });
}

}  // namespace invoker_settings
