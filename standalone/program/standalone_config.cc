#include "standalone_config.h"

#include <cstdlib>

#include "base/sizes.h"
#include "base/text.h"

namespace program {
namespace {

std::string default_data_dir() {
  const char* home = std::getenv("HOME");  // NOLINT(concurrency-mt-unsafe): before any thread
  return std::string(home != nullptr ? home : "/root") + "/.larder/standalone";
}

base::Status read_pool(const base::Config& settings, invoker::PoolConfig& pool) {
  TRY(pool.memory_bytes, settings.bytes("pool.user-memory"));
  TRY(pool.pause_grace, settings.duration("pool.pause-grace"));
  TRY(pool.idle_container, settings.duration("pool.idle-container"));
  TRY(const auto buffer, settings.whole("pool.buffer", 1, 1'000'000));
  pool.buffer_max = static_cast<std::size_t>(buffer);
  return {};
}

base::Status read_limits(const base::Config& settings, standalone::ServiceLimits& limits) {
  constexpr std::int64_t kMany = 1'000'000'000;
  TRY(limits.invocations_per_minute, settings.whole("limits.invocations-per-minute", 0, kMany));
  TRY(limits.concurrent_invocations, settings.whole("limits.concurrent-invocations", 0, kMany));
  TRY(const auto memory_max, settings.bytes("limits.memory-max"));
  limits.memory_mb.max = memory_max >> 20;
  if (limits.memory_mb.max < limits.memory_mb.standard) {
    return base::Error{base::ErrorCode::kInvalidArgument,
                       "limits.memory-max is " + base::format_bytes(memory_max) +
                           " and must be at least " + std::to_string(limits.memory_mb.standard) +
                           " MB"};
  }
  TRY(const auto timeout_max, settings.duration("limits.timeout-max"));
  limits.timeout_ms.max = std::max(timeout_max.count(), limits.timeout_ms.standard);
  return {};
}

base::Status read_provider(const base::Config& settings, PlatformConfig& platform) {
  TRY(const std::string provider, settings.text("volumes.provider"));
  if (provider == "images") {
    platform.volume_service = VolumeService::kImages;
  } else if (provider == "storaged") {
    platform.volume_service = VolumeService::kStoraged;
  } else if (provider != "auto") {
    return base::Error{
        base::ErrorCode::kInvalidArgument,
        "volumes.provider is " + base::quoted(provider) + " and must be auto, storaged or images"};
  }
  if (settings.has("volumes.socket")) {
    TRY(platform.storaged_socket, settings.text("volumes.socket"));
  }
  return {};
}

base::Status read_volumes(const base::Config& settings, storage::VolumeStoreOptions& volumes) {
  TRY(volumes.durable_bytes, settings.bytes("volumes.durable-size"));
  TRY(volumes.ephemeral_bytes, settings.bytes("volumes.ephemeral-size"));
  TRY(volumes.quota_bytes, settings.bytes("volumes.quota"));
  TRY(volumes.quota_bytes_max, settings.bytes("volumes.quota-max"));
  if (settings.has("volumes.namespace-quota")) {
    TRY(volumes.namespace_bytes, settings.bytes("volumes.namespace-quota"));
  }
  TRY(const auto count, settings.whole("volumes.namespace-count", 1, 1'000'000));
  volumes.namespace_volumes_max = static_cast<std::size_t>(count);
  return {};
}

// {"team": "UUID:SECRET", ...}
base::Status read_users(const base::Config& settings, standalone::Users& users) {
  if (!settings.has("users")) return {};
  TRY(const base::Json added, settings.json("users"));
  if (!added.is_object()) {
    return base::Error{base::ErrorCode::kInvalidArgument,
                       "users must be an object of names and keys, in the configuration file"};
  }
  for (const auto& [name, key] : added.members()) {
    if (!key.is_string()) {
      return base::Error{base::ErrorCode::kInvalidArgument,
                         "users." + name + " must be a text \"UUID:SECRET\""};
    }
    TRY_STATUS(users.add(name, key.as_string()));
  }
  return {};
}

base::Status read_log(const base::Config& settings, base::LogConfig& log) {
  TRY(const auto level, settings.text("log.level"));
  TRY(log.least, base::parse_log_level(level));
  TRY(const auto format, settings.text("log.format"));
  TRY(log.format, base::parse_log_format(format));
  return {};
}

}  // namespace

base::Config standalone_settings() {
  return base::Config({
      {"address", "127.0.0.1",
       "IPv4 address to listen on; anyone who reaches it and knows a key "
       "runs code here"},
      {"port", 3233, "port of the REST API; 0 takes any free one"},
      {"data-dir", base::Json(default_data_dir()), "where actions, records and volumes are kept"},
      {"log.level", "info", "debug, info, warn or error"},
      {"log.format", "openwhisk", "openwhisk, json or logfmt"},
      {"pool.user-memory", "2048m", "memory of all containers together"},
      {"pool.pause-grace", "10 s", "a container idle this long is frozen"},
      {"pool.idle-container", "10 m", "a container frozen this long is removed"},
      {"pool.buffer", 10'000, "activations that may wait for room"},
      {"pool.stem-cells", 1, "interpreters kept ready, of each language"},
      {"pool.stem-cell-memory", "256m", "actions with just this memory limit can use them"},
      {"python.stem", true, "sandboxes with python are forks of one interpreter that is kept"},
      {"limits.invocations-per-minute", 10'000'000, "of one namespace"},
      {"limits.concurrent-invocations", 10'000, "of one namespace"},
      {"limits.memory-max", "512m", "largest memory limit of an action"},
      {"limits.timeout-max", "5 m", "longest time limit of an action"},
      {"volumes.provider", "auto",
       "storaged: what an activation changes in durable files is published when it succeeds, all "
       "or none; images: directories of this node with quotas; auto: storaged where it can run, "
       "unless the data directory has volumes of images alone"},
      {"volumes.socket", nullptr,
       "of a larder-storaged that runs; without it, the platform starts one of its own"},
      {"volumes.durable-size", "16 GB", "images: disk that durable volumes may take together"},
      {"volumes.ephemeral-size", "16 GB", "images: disk that ephemeral volumes may take together"},
      {"volumes.quota", "1 GB", "images: of a volume whose hint names none"},
      {"volumes.quota-max", "4 GB", "images: the largest quota that a hint may name"},
      {"volumes.namespace-quota", nullptr,
       "images: of one namespace's volumes together, in each tier; half of the tier when not set"},
      {"volumes.namespace-count", 1000, "images: volumes of one namespace in each tier"},
      {"stop-patience", "10 s", "for running activations, after SIGTERM"},
      {"users", nullptr, "more users: {\"name\": \"UUID:SECRET\"}, in the file", true},
  });
}

base::Result<StandaloneOptions> standalone_options(const base::Config& settings) {
  StandaloneOptions options;
  PlatformConfig& platform = options.platform;
  TRY(platform.address, settings.text("address"));
  TRY(const auto port, settings.whole("port", 0, 65'535));
  platform.port = static_cast<std::uint16_t>(port);
  TRY(platform.data_dir, settings.text("data-dir"));
  TRY_STATUS(read_pool(settings, platform.pool));
  TRY(const auto stem_cells, settings.whole("pool.stem-cells", 0, 100));
  platform.stem_cells_each = static_cast<int>(stem_cells);
  TRY(platform.python_stem, settings.flag("python.stem"));
  TRY(platform.stem_cell_bytes, settings.bytes("pool.stem-cell-memory"));
  TRY_STATUS(read_limits(settings, platform.limits));
  TRY_STATUS(read_provider(settings, platform));
  TRY_STATUS(read_volumes(settings, platform.volumes));
  TRY_STATUS(read_users(settings, platform.users));
  TRY(options.patience, settings.duration("stop-patience"));
  TRY_STATUS(read_log(settings, options.log));
  return options;
}

}  // namespace program
