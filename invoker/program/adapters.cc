#include "adapters.h"

#include <array>
#include <cstdio>
#include <filesystem>
#include <random>

#include "invoker/container_name.h"

namespace program {

using invoker_settings::ContainerSettings;
using invoker_settings::InvokerSettings;

namespace {

void set_timeouts(const invoker_settings::DockerTimeouts& wanted,
                  invoker_docker::DockerTimeouts& timeouts) {
  constexpr std::chrono::hours kForever{24 * 365};
  timeouts.run = wanted.run.value_or(kForever);
  timeouts.remove = wanted.remove.value_or(kForever);
  timeouts.inspect = wanted.inspect.value_or(kForever);
  timeouts.list = wanted.list.value_or(kForever);
  timeouts.pull = wanted.pull.value_or(kForever);
  timeouts.pause = wanted.pause.value_or(kForever);
  timeouts.unpause = wanted.unpause.value_or(kForever);
  timeouts.version = wanted.version.value_or(kForever);
}

void set_arguments(const invoker_settings::ContainerArgs& wanted,
                   invoker_docker::DockerConfig& config) {
  config.network = wanted.network;
  config.environment = wanted.extra_env;
  config.dns_servers = wanted.dns_servers;
  config.dns_search = wanted.dns_search;
  config.dns_options = wanted.dns_options;
  config.extra_arguments = wanted.extra_args;
}

}  // namespace

invoker::InvokerInstance instance_of(const InvokerSettings& settings, int id) {
  const invoker_settings::IdentitySettings& identity = settings.identity;
  return {.id = id,
          .user_memory_bytes = settings.pool.memory_bytes - settings.handoff.reserve_bytes,
          .unique_name = identity.unique_name,
          .displayed_name = identity.displayed_name,
          .tags = identity.tags,
          .dedicated_namespaces = identity.dedicated_namespaces};
}

std::string name_prefix_of(const invoker::InvokerInstance& instance) {
  return "wsk" + instance.unique_name.value_or("") + std::to_string(instance.id);
}

invoker::InvokerConfig engine_config(const InvokerSettings& settings,
                                     const invoker::InvokerInstance& instance) {
  invoker::InvokerConfig config;
  config.pool = settings.pool;
  // The topic's feed is what bounds the queue: an activation waits there and is not refused.
  const invoker::FeedLimits feed = feed_limits_of(settings);
  config.pool.buffer_max = feed.begun_max + feed.depth_max;
  config.limits = {settings.limits.namespace_default, settings.limits.system};
  config.parameter_keys = {settings.parameter_storage.aes_128, settings.parameter_storage.aes_256};
  config.name_prefix = name_prefix_of(instance);
  config.api_host = settings.api_host;
  config.payload = {settings.limits.payload_bytes_max, settings.limits.truncation_bytes};
  config.namespace_payload = {settings.limits.namespace_payload_bytes_max,
                              settings.limits.namespace_truncation_bytes};
  config.records_timing = false;
  if (settings.volumes.wanted != invoker_settings::VolumesWanted::kNone) {
    config.capabilities = hints::transactional_volumes();
  }
  config.common_words = hints::Unreadable::kPassedOver;
  config.logs_markers = settings.metrics.log_markers;
  config.collects_logs = settings.containers.logs == invoker_settings::LogStore::kRecord;
  return config;
}

invoker::FeedLimits feed_limits_of(const InvokerSettings& settings) {
  return invoker::feed_limits(
      {.user_memory_bytes = settings.pool.memory_bytes,
       .memory_bytes_min = settings.limits.system.memory_mb.min << 20,
       .concurrency_max = static_cast<int>(settings.limits.system.concurrency.max),
       .peek_factor = settings.peek_factor});
}

invoker::TopicSpec topic_of(const InvokerSettings& settings,
                            const invoker::InvokerInstance& instance) {
  const invoker_settings::KafkaSettings& kafka = settings.kafka;
  invoker::TopicSpec topic{.name = kafka.topic_prefix + instance.source(),
                           .partitions = kafka.partitions,
                           .replication_factor = kafka.replication_factor,
                           .settings = kafka.topic};
  topic.settings["max.message.bytes"] = std::to_string(kafka.message_bytes_max);
  return topic;
}

invoker_kafka::KafkaConfig kafka_config(const InvokerSettings& settings) {
  return {.hosts = settings.kafka.hosts,
          .common = settings.kafka.common,
          .consumer = settings.kafka.consumer,
          .producer = settings.kafka.producer,
          .message_bytes_max = settings.kafka.message_bytes_max};
}

invoker_couchdb::CouchSettings couch_settings(const InvokerSettings& settings) {
  invoker_couchdb::CouchSettings couch;
  couch.protocol = settings.couch.protocol;
  couch.host = settings.couch.host;
  couch.port = settings.couch.port;
  couch.username = settings.couch.username;
  couch.password = settings.couch.password;
  couch.actions = settings.couch.actions;
  couch.activations = settings.couch.activations;
  couch.subjects = settings.couch.subjects;
  return couch;
}

invoker_couchdb::CouchActionsConfig actions_config(const InvokerSettings& settings) {
  invoker_couchdb::CouchActionsConfig config;
  config.couch = couch_settings(settings);
  config.rules.kinds =
      [&runtimes = settings.runtimes](std::string_view kind) -> std::optional<invoker::KindRules> {
    const invoker::Runtime* runtime = runtimes.resolve(kind);
    if (runtime == nullptr) return std::nullopt;
    return invoker::KindRules{runtime->kind, runtime->attached, runtime->require_main};
  };
  return config;
}

invoker_couchdb::CouchActivationsConfig activations_config(const InvokerSettings& settings) {
  invoker_couchdb::CouchActivationsConfig config;
  config.couch = couch_settings(settings);
  config.spill_folder = settings.records.folder;
  config.spill_bytes_max = settings.records.folder_bytes;
  config.memory_bytes_max = settings.records.memory_bytes;
  return config;
}

invoker_docker::DockerConfig docker_config(const InvokerSettings& settings,
                                           const invoker::InvokerInstance& instance) {
  const ContainerSettings& containers = settings.containers;
  invoker_docker::DockerConfig config;
  config.socket = containers.docker_socket;
  config.name_prefix = invoker::container_name_prefix(name_prefix_of(instance));
  for (const invoker::Runtime& runtime : settings.runtimes.all()) {
    config.images[runtime.kind] = runtime.image_name;
    if (!runtime.sentinelled_logs) config.kinds_without_sentinels.insert(runtime.kind);
  }
  config.native_images = settings.runtimes.blackboxes();
  if (containers.bypass_pull_for_local_images) {
    config.local_image_prefix = containers.local_image_prefix;
  }
  config.runtimes_registry = containers.runtimes_registry;
  config.user_images_registry = containers.user_images_registry;
  set_arguments(containers.args, config);
  config.user_cpus = containers.user_cpus;
  config.user_memory_bytes = settings.pool.memory_bytes;
  config.containers_folder = containers.docker_folder;
  // Where logs are somebody else's affair, so is the driver that brings them there.
  if (containers.logs == invoker_settings::LogStore::kOutside) config.log_driver = "";
  config.parallel_runs = containers.parallel_runs;
  set_timeouts(containers.timeouts, config.timeouts);
  return config;
}

invoker_container::SandboxConfig sandbox_config(const ContainerSettings& containers,
                                                const invoker::InvokerInstance& instance) {
  const auto programs = std::filesystem::read_symlink("/proc/self/exe").parent_path();
  invoker_container::SandboxConfig config;
  config.instance = name_prefix_of(instance);
  config.state_directory = "/run/larder-" + config.instance;
  config.sandbox_program = programs / "larder-sandbox";
  config.proxy_program = programs / "larder-proxy";
  if (containers.python_stem) config.stem_library = programs / "larder-stem.so";
  config.runtimes = invoker_container::find_runtimes();
  return config;
}

invoker_volumes::StoragedOptions volume_options(const InvokerSettings& settings) {
  std::random_device random;
  std::array<char, 32> client{};
  std::snprintf(client.data(), client.size(), "invoker-%08x%08x", random(), random());
  invoker_volumes::StoragedOptions options;
  options.socket = settings.volumes.socket;
  options.client = client.data();
  options.patience = settings.volumes.patience;
  return options;
}

invoker_handoff::HandoffConfig handoff_config(const InvokerSettings& settings,
                                              const invoker::InvokerInstance& instance) {
  const invoker_settings::HandoffSettings& wanted = settings.handoff;
  invoker_handoff::HandoffConfig config;
  config.instance = instance;
  std::random_device random;
  config.incarnation = (std::uint64_t{random()} << 32) | random();
  config.listen = {wanted.address, wanted.port};
  if (wanted.key.empty()) {
    config.trust = base_net::TlsFiles{wanted.certificate, wanted.private_key, wanted.authority};
  } else {
    config.trust = base_net::SharedKey{wanted.key};
  }
  config.owner.budget = wanted.budget;
  config.takes_guests = wanted.takes_guests;
  return config;
}

std::vector<invoker_handoff::PeerAddress> peers_of(const InvokerSettings& settings,
                                                   const invoker::InvokerInstance& instance) {
  std::vector<invoker_handoff::PeerAddress> peers;
  for (const auto& peer : settings.handoff.peers) {
    if (peer.invoker != instance.id) peers.push_back({peer.invoker, {peer.host, peer.port}});
  }
  return peers;
}

invoker_server::ControlOptions server_options(const InvokerSettings& settings) {
  const invoker_settings::ServerSettings& server = settings.server;
  invoker_server::ControlOptions options;
  options.address = server.address;
  options.port = server.port;
  if (server.https) {
    options.tls = invoker_server::TlsOptions{server.keystore_path, server.keystore_password,
                                             server.client_certificate};
  }
  options.username = server.username;
  options.password = server.password;
  options.transaction_header = server.transaction_header;
  return options;
}

}  // namespace program
