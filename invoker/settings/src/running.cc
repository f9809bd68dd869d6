// How actions run: the pool, containers, limits, and what of it is recorded.
#include <algorithm>

#include "sections.h"

namespace invoker_settings {
namespace {

constexpr std::int64_t kMegabyte = 1 << 20;
constexpr int kMany = 1'000'000;

std::string with_slash(std::string url) {
  if (!url.empty() && !url.ends_with('/')) url += '/';
  return url;
}

base::Status read_args(const Reader& reader, ContainerArgs& args) {
  const std::string folder = "whisk.container-factory.container-args.";
  TRY(args.network, reader.text(folder + "network"));
  TRY(args.dns_servers, reader.list(folder + "dns-servers"));
  TRY(args.dns_search, reader.list(folder + "dns-search"));
  TRY(args.dns_options, reader.list(folder + "dns-options"));
  TRY(args.extra_env, reader.list(folder + "extra-env-vars"));
  TRY(args.extra_args, reader.lists(folder + "extra-args"));
  return {};
}

base::Status read_timeouts(const Reader& reader, DockerTimeouts& timeouts) {
  const std::string folder = "whisk.docker.client.timeouts.";
  TRY(timeouts.run, reader.limit(folder + "run"));
  TRY(timeouts.remove, reader.limit(folder + "rm"));
  TRY(timeouts.pull, reader.limit(folder + "pull"));
  TRY(timeouts.list, reader.limit(folder + "ps"));
  TRY(timeouts.inspect, reader.limit(folder + "inspect"));
  TRY(timeouts.pause, reader.limit(folder + "pause"));
  TRY(timeouts.unpause, reader.limit(folder + "unpause"));
  TRY(timeouts.version, reader.limit(folder + "version"));
  return {};
}

using ReadNumber = base::Result<std::int64_t> (*)(const Reader&, const std::string&);

base::Result<std::int64_t> milliseconds_of(const Reader& reader, const std::string& path) {
  TRY(const auto time, reader.duration(path));
  return std::int64_t{time.count()};
}

// A container of less would be one of none: limits are whole megabytes.
base::Result<std::int64_t> memory_mb_of(const Reader& reader, const std::string& path) {
  TRY(const auto bytes, reader.bytes(path, kMegabyte));
  return bytes / kMegabyte;
}

base::Result<std::int64_t> logs_mb_of(const Reader& reader, const std::string& path) {
  TRY(const auto bytes, reader.bytes(path, 0));
  return bytes / kMegabyte;
}

base::Result<std::int64_t> count_of(const Reader& reader, const std::string& path) {
  return reader.whole(path, 1, kMany);
}

struct LimitKey {
  const char* name;
  invoker::Range invoker::LimitRanges::* range;
  ReadNumber read;
};

constexpr LimitKey kLimits[] = {
    {"time-limit", &invoker::LimitRanges::timeout_ms, milliseconds_of},
    {"memory", &invoker::LimitRanges::memory_mb, memory_mb_of},
    {"log-limit", &invoker::LimitRanges::logs_mb, logs_mb_of},
    {"concurrency-limit", &invoker::LimitRanges::concurrency, count_of},
};

base::Status read_bound(const Reader& reader, const std::string& path, ReadNumber read,
                        std::int64_t& bound) {
  if (!reader.has(path)) return {};
  TRY(bound, read(reader, path));
  return {};
}

// What is not set stays as it is in `ranges`.
base::Status read_ranges(const Reader& reader, const std::string& folder,
                         invoker::LimitRanges& ranges) {
  for (const LimitKey& limit : kLimits) {
    invoker::Range& range = ranges.*limit.range;
    const std::string path = folder + limit.name;
    TRY_STATUS(read_bound(reader, path + ".min", limit.read, range.min));
    TRY_STATUS(read_bound(reader, path + ".max", limit.read, range.max));
    if (range.min > range.max) return reader.wrong(path + ".max", "is less than the minimum");
  }
  return {};
}

base::Status read_size(const Reader& reader, const std::string& path, std::int64_t& bytes) {
  if (!reader.has(path)) return {};
  TRY(bytes, reader.bytes(path, 1));
  return {};
}

base::Result<invoker::StoreLevel> read_level(const Reader& reader, std::string_view path) {
  TRY(const std::size_t level, reader.choice(path, {"STORE_ALWAYS", "STORE_FAILURES",
                                                    "STORE_FAILURES_NOT_APPLICATION_ERRORS"}));
  return static_cast<invoker::StoreLevel>(level);
}

base::Result<invoker::StoreLevel> read_blocking_level(const Reader& reader) {
  constexpr std::string_view kPath = "whisk.activation.store-blocking-result-level";
  if (reader.has(kPath)) return read_level(reader, kPath);
  TRY(const bool failures_only, reader.flag("whisk.activation.disable-store-result"));
  return failures_only ? invoker::StoreLevel::kFailures : invoker::StoreLevel::kAlways;
}

}  // namespace

base::Status read_pool(const Reader& reader, InvokerSettings& settings) {
  invoker::PoolConfig& pool = settings.pool;
  TRY(pool.memory_bytes, reader.bytes("whisk.container-pool.user-memory", kMegabyte));
  TRY(pool.idle_container, reader.duration("whisk.container-proxy.timeouts.idle-container"));
  TRY(pool.pause_grace, reader.duration("whisk.container-proxy.timeouts.pause-grace"));
  TRY(pool.second_container_patience, reader.duration("larder.pool.second-container-patience"));
  TRY(settings.peek_factor, reader.decimal("whisk.container-pool.concurrent-peek-factor", 0, 1));
  return {};
}

base::Status read_containers(const Reader& reader, ContainerSettings& containers) {
  TRY_STATUS(read_provided_containers(reader, containers));
  TRY(const std::size_t kind, reader.choice("larder.containers", {"docker", "sandbox"}));
  containers.kind = kind == 0 ? ContainerKind::kDocker : ContainerKind::kSandbox;
  TRY(containers.docker_socket, reader.text("larder.docker.socket"));
  TRY(containers.docker_folder, reader.text("larder.docker.folder"));
  TRY(containers.python_stem, reader.flag("larder.python.stem"));
  TRY_STATUS(read_args(reader, containers.args));
  TRY(containers.parallel_runs, reader.small("whisk.docker.client.parallel-runs", 0, kMany));
  TRY_STATUS(read_timeouts(reader, containers.timeouts));
  TRY(containers.runtimes_registry, reader.text("whisk.container-factory.runtimes-registry.url"));
  containers.runtimes_registry = with_slash(std::move(containers.runtimes_registry));
  TRY(containers.user_images_registry,
      reader.text("whisk.container-factory.user-images-registry.url"));
  containers.user_images_registry = with_slash(std::move(containers.user_images_registry));
  TRY(containers.bypass_pull_for_local_images,
      reader.flag("whisk.runtimes.bypass-pull-for-local-images"));
  TRY(containers.local_image_prefix, reader.text("whisk.runtimes.local-image-prefix"));
  constexpr std::string_view kCpus = "whisk.container-pool.user-cpus";
  if (!reader.has(kCpus)) return {};
  TRY(containers.user_cpus, reader.decimal(kCpus, 0, kMany));
  return {};
}

base::Status read_limits(const Reader& reader, LimitSettings& limits) {
  TRY_STATUS(read_ranges(reader, "whisk.", limits.system));
  limits.namespace_default = limits.system;
  const std::string namespaces = "whisk.namespace-default-limit.";
  TRY_STATUS(read_ranges(reader, namespaces, limits.namespace_default));
  TRY_STATUS(read_size(reader, "whisk.activation.payload.max", limits.payload_bytes_max));
  TRY_STATUS(read_size(reader, "whisk.activation.payload.truncation", limits.truncation_bytes));
  limits.namespace_payload_bytes_max = limits.payload_bytes_max;
  limits.namespace_truncation_bytes = limits.truncation_bytes;
  TRY_STATUS(
      read_size(reader, namespaces + "activation.payload.max", limits.namespace_payload_bytes_max));
  return read_size(reader, namespaces + "activation.payload.truncation",
                   limits.namespace_truncation_bytes);
}

base::Status read_records(const Reader& reader, RecordSettings& records) {
  TRY(records.policy.blocking, read_blocking_level(reader));
  TRY(records.policy.non_blocking,
      read_level(reader, "whisk.activation.store-non-blocking-result-level"));
  TRY(records.log_unstored, reader.flag("whisk.activation.unstored-logs-enabled"));
  TRY(records.memory_bytes, reader.bytes("larder.records.memory", 1 << 20));
  TRY(records.folder_bytes, reader.bytes("larder.records.folder-size", 0));
  TRY(records.folder, reader.text("larder.data-folder"));
  records.folder += "/records";
  if (reader.has("larder.records.folder")) {
    TRY(records.folder, reader.text("larder.records.folder"));
  }
  return {};
}

}  // namespace invoker_settings
