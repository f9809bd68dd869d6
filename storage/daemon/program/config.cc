#include "config.h"

#include <unistd.h>

#include <array>
#include <charconv>

namespace storaged {
namespace {

using base::Status;

constexpr std::int64_t kMany = 1'000'000'000;

std::string host_name() {
  std::array<char, 65> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return "node";
  return name.data();
}

Status read_text(const base::Config& config, const char* key, std::string& value) {
  if (!config.has(key)) return {};
  TRY(value, config.text(key));
  return {};
}

Status read_ephemeral(const base::Config& config, storage_daemon::EphemeralOptions& ephemeral) {
  TRY(const std::string listen, config.text("ephemeral.listen"));
  const auto colon = listen.rfind(':');
  std::uint16_t port = 0;
  const char* const end = listen.data() + listen.size();
  const bool good = colon != std::string::npos &&
                    std::from_chars(listen.data() + colon + 1, end, port).ptr == end;
  if (!good) {
    return base::Error{base::ErrorCode::kInvalidArgument,
                       "ephemeral.listen is \"" + listen + "\" and must be ADDRESS:PORT"};
  }
  ephemeral.listen = {listen.substr(0, colon), port};
  if (config.has("ephemeral.address")) {
    TRY(ephemeral.address, config.text("ephemeral.address"));
  }
  if (!config.has("ephemeral.certificate")) return {};
  auto& tls = ephemeral.tls.emplace();
  TRY_STATUS(read_text(config, "ephemeral.certificate", tls.certificate));
  TRY_STATUS(read_text(config, "ephemeral.private-key", tls.private_key));
  TRY_STATUS(read_text(config, "ephemeral.authority", tls.authority));
  return {};
}

Status read_daemon(const base::Config& config, storage_daemon::DaemonOptions& daemon) {
  TRY(daemon.node, config.text("node"));
  TRY(daemon.directory, config.text("directory"));
  TRY(const auto cache_bytes, config.bytes("cache.size"));
  daemon.cache_bytes = static_cast<std::uint64_t>(cache_bytes);
  TRY(const auto whole_bytes, config.bytes("cache.whole-file"));
  daemon.whole_file_bytes_max = static_cast<std::uint64_t>(whole_bytes);
  TRY(const auto files, config.whole("attempt.files", 1, kMany));
  daemon.files_max = static_cast<std::uint64_t>(files);
  TRY(const auto threads, config.whole("store.threads", 1, 256));
  daemon.fetch_threads = static_cast<std::size_t>(threads);
  TRY(daemon.lease, config.duration("lease"));
  TRY(daemon.collect_every, config.duration("collect-every"));
  TRY(daemon.client_grace, config.duration("client-grace"));
  TRY(daemon.restart_grace, config.duration("restart-grace"));
  return read_ephemeral(config, daemon.ephemeral);
}

Status read_ceph(const base::Config& config, storage_ceph::CephOptions& ceph) {
  TRY_STATUS(read_text(config, "ceph.conf", ceph.conf_file));
  TRY_STATUS(read_text(config, "ceph.monitors", ceph.monitors));
  TRY_STATUS(read_text(config, "ceph.user", ceph.user));
  TRY_STATUS(read_text(config, "ceph.keyring", ceph.keyring_file));
  TRY_STATUS(read_text(config, "ceph.key", ceph.key));
  TRY(ceph.metadata_pool, config.text("ceph.metadata-pool"));
  TRY(ceph.data_pool, config.text("ceph.data-pool"));
  TRY(const auto timeout, config.duration("ceph.request-timeout"));
  ceph.request_timeout = std::chrono::ceil<std::chrono::seconds>(timeout);
  return {};
}

Status read_store(const base::Config& config, Settings& settings) {
  TRY(const std::string store, config.text("store"));
  if (store == "ceph") {
    settings.store = Settings::Store::kCeph;
    return read_ceph(config, settings.ceph);
  }
  if (store != "embedded") {
    return base::Error{base::ErrorCode::kInvalidArgument,
                       "store is \"" + store + "\" and must be embedded or ceph"};
  }
  settings.embedded_directory = settings.daemon.directory / "store";
  if (config.has("store.directory")) {
    TRY(settings.embedded_directory, config.text("store.directory"));
  }
  return {};
}

Status read_session(const base::Config& config, storage_fuse::SessionOptions& session) {
  TRY(const auto threads, config.whole("fuse.threads", 1, 64));
  session.threads = static_cast<unsigned>(threads);
  TRY(const auto spin, config.whole("fuse.spin-us", 0, 1'000'000));
  session.spin = std::chrono::microseconds(spin);
  TRY(session.passthrough, config.flag("fuse.passthrough"));
  return {};
}

}  // namespace

base::Config settings() {
  return base::Config({
      {"node", base::Json(host_name()),
       "this node's name: the same after a restart, and nobody else's"},
      {"directory", "/var/lib/larder/storaged",
       "attempts, copies of durable files, the embedded store"},
      {"socket", "/run/larder/storaged.sock", "where invokers and `larder volume` call"},
      {"store", "embedded", "where durable files are: embedded (on this node) or ceph"},
      {"store.directory", nullptr, "of the embedded store; DIRECTORY/store when not set"},
      {"store.threads", 8, "that wait for the store"},
      {"ceph.conf", nullptr, "Ceph's configuration file"},
      {"ceph.monitors", nullptr, "addresses of the monitors, in place of a file"},
      {"ceph.user", nullptr, "cephx: \"larder\" is client.larder"},
      {"ceph.keyring", nullptr, "the file with that user's key"},
      {"ceph.key", nullptr, "the key itself", true},
      {"ceph.metadata-pool", "larder.metadata", "a replicated pool"},
      {"ceph.data-pool", "larder.data", "may be erasure-coded"},
      {"ceph.request-timeout", "30 s", "then a request counts as failed"},
      {"cache.size", "10 GB", "of copies of durable files on this node"},
      {"cache.whole-file", "256 MB", "up to this size a file is fetched whole before it is read"},
      {"attempt.files", 1'000'000, "that one activation may make or change in a volume"},
      {"ephemeral.listen", "127.0.0.1:0",
       "where other nodes fetch ephemeral files; port 0 is any; several nodes need an address that "
       "all of them reach"},
      {"ephemeral.address", nullptr, "where others find it, if that is another address"},
      {"ephemeral.certificate", nullptr,
       "PEM, with the node's name as CN: nodes speak TLS; without it they know each other by a key "
       "in the store, and what they send can be read on the way"},
      {"ephemeral.private-key", nullptr, "of that certificate"},
      {"ephemeral.authority", nullptr, "that signed the certificates of all nodes"},
      {"lease", "60 s", "of this node's snapshots; clocks of nodes may differ by a quarter of it"},
      {"collect-every", "60 s", "what nobody needs any more is removed"},
      {"client-grace", "2 s", "then the attempts of a client that is gone are aborted"},
      {"restart-grace", "60 s", "for clients to come back after a restart of the daemon"},
      {"fuse.threads", 2, "that serve the mount"},
      {"fuse.spin-us", 0, "microseconds to look for the next request before sleeping"},
      {"fuse.passthrough", true, "reads and writes go past the daemon where the kernel can"},
      {"log.level", "info", "debug, info, warn or error"},
      {"log.format", "openwhisk", "openwhisk, json or logfmt"},
  });
}

base::Result<Settings> read(const base::Config& config) {
  Settings settings;
  TRY_STATUS(read_daemon(config, settings.daemon));
  TRY(settings.socket, config.text("socket"));
  TRY_STATUS(read_store(config, settings));
  TRY_STATUS(read_session(config, settings.session));
  TRY(const auto level, config.text("log.level"));
  TRY(settings.log.least, base::parse_log_level(level));
  TRY(const auto format, config.text("log.format"));
  TRY(settings.log.format, base::parse_log_format(format));
  return settings;
}

}  // namespace storaged
