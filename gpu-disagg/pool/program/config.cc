#include "config.h"

#include <unistd.h>

#include <array>
#include <charconv>
#include <fstream>
#include <iterator>
#include <utility>

namespace gpud {
namespace {

using base::Error;
using base::ErrorCode;
using base::Result;
using base::Status;
namespace fs = std::filesystem;

constexpr std::int64_t kUidMax = 0x7fffffff;

std::string host_name() {
  std::array<char, 65> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return "node";
  return name.data();
}

Result<base_net::Address> address_from(const std::string& text) {
  const auto colon = text.rfind(':');
  std::uint16_t port = 0;
  const char* const end = text.data() + text.size();
  if (colon != std::string::npos &&
      std::from_chars(text.data() + colon + 1, end, port).ptr == end) {
    return base_net::Address{text.substr(0, colon), port};
  }
  return Error{ErrorCode::kInvalidArgument, "listen is \"" + text + "\" and must be ADDRESS:PORT"};
}

// The last line end is the editor's.
Result<base_net::Trust> key_from(const std::string& file_name) {
  std::ifstream file(file_name);
  if (!file) return Error{ErrorCode::kNotFound, "the pool's key cannot be read: " + file_name};
  std::string key{std::istreambuf_iterator<char>(file), {}};
  if (key.ends_with('\n')) key.pop_back();
  return base_net::Trust(base_net::SharedKey{std::move(key)});
}

Result<base_net::Trust> trust_from(const base::Config& config) {
  if (config.has("key-file")) {
    TRY(const std::string file, config.text("key-file"));
    return key_from(file);
  }
  if (!config.has("certificate")) {
    return Error{ErrorCode::kInvalidArgument,
                 "nobody could prove that he is of the pool: set key-file, or certificate, "
                 "private-key and authority"};
  }
  base_net::TlsFiles tls;
  TRY(tls.certificate, config.text("certificate"));
  TRY(tls.private_key, config.text("private-key"));
  TRY(tls.authority, config.text("authority"));
  return base_net::Trust(std::move(tls));
}

Status make_folder(const fs::path& folder, std::int64_t uid) {
  std::error_code failure;
  fs::create_directories(folder, failure);
  if (failure) return base::error_from_errno(failure.value(), "making " + folder.native());
  const auto owner = static_cast<uid_t>(uid);
  if (uid != 0 && ::chown(folder.c_str(), owner, owner) != 0) {
    return base::error_from_errno(errno, "giving " + folder.native() + " to the sessions");
  }
  return {};
}

Status read_leases(const base::Config& config, gpu_leases::Config& leases) {
  TRY(const auto memory, config.bytes("memory"));
  TRY(const auto idle, config.whole("idle-sessions", 0, 1'000));
  TRY(const auto ask, config.bytes("default-memory"));
  TRY(const auto devices, config.whole("devices", 1, 64));
  leases.gpus.assign(static_cast<std::size_t>(devices),
                     {gpu_leases::DeviceKind::kHost, static_cast<std::uint64_t>(memory)});
  leases.idle_sessions = static_cast<std::size_t>(idle);
  leases.default_memory_bytes = static_cast<std::uint64_t>(ask);
  return {};
}

Status read_sessions(const base::Config& config, const fs::path& program, Settings& settings) {
  TRY(const std::string device, config.text("device"));
  if (device != "host" && device != "null") {
    return Error{ErrorCode::kInvalidArgument,
                 "device is \"" + device + "\" and must be host or null"};
  }
  TRY(const auto uid, config.whole("uid", 0, kUidMax));
  TRY(const std::string folder, config.text("directory"));
  auto& daemon = settings.daemon;
  daemon.sessions.folder = fs::path(folder) / "sessions";
  daemon.images = fs::path(folder) / "images";
  TRY_STATUS(make_folder(daemon.sessions.folder, 0));
  TRY_STATUS(make_folder(daemon.images, uid));
  if (config.has("clients")) {
    TRY(daemon.sessions.tcp_host, config.text("clients"));
  }
  std::vector<std::string> command{program.parent_path() / "larder-gpu-session",
                                   "--device",
                                   device,
                                   "--images",
                                   daemon.images,
                                   "--uid",
                                   std::to_string(uid)};
  daemon.sessions.command = [words = std::move(command)](const auto&) { return words; };
  return {};
}

}  // namespace

base::Config settings() {
  return base::Config({
      {"node", base::Json(host_name()), "this node's name: nobody else's in the pool"},
      {"listen", "127.0.0.1:3250", "where invokers ask for leases"},
      {"clients", nullptr,
       "a numeric address of this machine on which sessions wait for clients of other machines; "
       "without it only those of this machine can come"},
      {"key-file", nullptr,
       "a file with the pool's key, 16 bytes or more: who has it is of the pool"},
      {"certificate", nullptr, "PEM, with the node's name as CN: TLS in place of a key"},
      {"private-key", nullptr, "of that certificate"},
      {"authority", nullptr, "that signed the certificates of the pool"},
      {"device", "host",
       "host: PTX on the CPU, which is no GPU; null: costs nothing, for measuring"},
      {"devices", 1, "how many of them"},
      {"memory", "4 GB", "of each"},
      {"default-memory", "1 GB", "of a lease that names none"},
      {"idle-sessions", 2, "kept started ahead for each device"},
      {"directory", "/run/larder/gpud", "sockets of sessions, code images"},
      {"uid", 64101, "the user that sessions become when this runs as root; 0: none"},
      {"log.level", "info", "debug, info, warn or error"},
      {"log.format", "openwhisk", "openwhisk, json or logfmt"},
  });
}

Result<Settings> read(const base::Config& config, const fs::path& program) {
  Settings settings;
  TRY(settings.daemon.node, config.text("node"));
  TRY(const std::string listen, config.text("listen"));
  TRY(settings.daemon.listen, address_from(listen));
  TRY(settings.daemon.trust, trust_from(config));
  TRY_STATUS(read_leases(config, settings.daemon.leases));
  TRY_STATUS(read_sessions(config, program, settings));
  TRY(const auto level, config.text("log.level"));
  TRY(settings.log.least, base::parse_log_level(level));
  TRY(const auto format, config.text("log.format"));
  TRY(settings.log.format, base::parse_log_format(format));
  return settings;
}

}  // namespace gpud
