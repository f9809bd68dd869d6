#include "options.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/sizes.h"

namespace invoker_docker {
namespace {

using base::Json;
using Values = std::vector<std::string>;

enum class Form { kText, kNumber, kBytes, kFlag, kTexts, kWords, kPairs };

// Where an option's value goes: a member of HostConfig, or of the body itself.
struct Simple {
  std::string_view option;
  Form form;
  const char* member;
  bool in_host_config = true;
};

constexpr Simple kSimple[] = {
    {"add-host", Form::kTexts, "ExtraHosts"},
    {"blkio-weight", Form::kNumber, "BlkioWeight"},
    {"cap-add", Form::kTexts, "CapAdd"},
    {"cap-drop", Form::kTexts, "CapDrop"},
    {"cgroup-parent", Form::kText, "CgroupParent"},
    {"cgroupns", Form::kText, "CgroupnsMode"},
    {"cpu-period", Form::kNumber, "CpuPeriod"},
    {"cpu-quota", Form::kNumber, "CpuQuota"},
    {"cpu-shares", Form::kNumber, "CpuShares"},
    {"cpuset-cpus", Form::kText, "CpusetCpus"},
    {"cpuset-mems", Form::kText, "CpusetMems"},
    {"dns", Form::kTexts, "Dns"},
    {"dns-option", Form::kTexts, "DnsOptions"},
    {"dns-search", Form::kTexts, "DnsSearch"},
    {"domainname", Form::kText, "Domainname", false},
    {"entrypoint", Form::kWords, "Entrypoint", false},
    {"env", Form::kTexts, "Env", false},
    {"group-add", Form::kTexts, "GroupAdd"},
    {"hostname", Form::kText, "Hostname", false},
    {"init", Form::kFlag, "Init"},
    {"ipc", Form::kText, "IpcMode"},
    {"isolation", Form::kText, "Isolation"},
    {"label", Form::kPairs, "Labels", false},
    {"memory", Form::kBytes, "Memory"},
    {"memory-reservation", Form::kBytes, "MemoryReservation"},
    {"memory-swap", Form::kBytes, "MemorySwap"},
    {"memory-swappiness", Form::kNumber, "MemorySwappiness"},
    {"network", Form::kText, "NetworkMode"},
    {"oom-score-adj", Form::kNumber, "OomScoreAdj"},
    {"pid", Form::kText, "PidMode"},
    {"pids-limit", Form::kNumber, "PidsLimit"},
    {"privileged", Form::kFlag, "Privileged"},
    {"read-only", Form::kFlag, "ReadonlyRootfs"},
    {"runtime", Form::kText, "Runtime"},
    {"security-opt", Form::kTexts, "SecurityOpt"},
    {"shm-size", Form::kBytes, "ShmSize"},
    {"stop-signal", Form::kText, "StopSignal", false},
    {"stop-timeout", Form::kNumber, "StopTimeout", false},
    {"storage-opt", Form::kPairs, "StorageOpt"},
    {"sysctl", Form::kPairs, "Sysctls"},
    {"user", Form::kText, "User", false},
    {"userns", Form::kText, "UsernsMode"},
    {"uts", Form::kText, "UTSMode"},
    {"volume", Form::kTexts, "Binds"},
    {"workdir", Form::kText, "WorkingDir", false},
};

base::Error bad_value(const std::string& option, const std::string& value) {
  return base::Error{base::ErrorCode::kInvalidArgument,
                     "docker run --" + option + ": '" + value + "' is no value for it"};
}

std::optional<std::int64_t> number_of(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// "key=value"; without the sign the value is empty.
std::pair<std::string, std::string> pair_of(const std::string& text, char sign) {
  const std::size_t at = text.find(sign);
  if (at == std::string::npos) return {text, ""};
  return {text.substr(0, at), text.substr(at + 1)};
}

Json pairs_of(const Values& values, char sign = '=') {
  Json pairs = Json::object();
  for (const std::string& value : values) {
    auto [key, text] = pair_of(value, sign);
    pairs.set(std::move(key), std::move(text));
  }
  return pairs;
}

Json texts_of(const Values& values) {
  Json texts = Json::array();
  for (const std::string& value : values) texts.append(value);
  return texts;
}

// "-1" stands for "no limit".
std::optional<std::int64_t> bytes_of(const std::string& text) {
  if (text == "-1") return -1;
  const auto bytes = base::parse_bytes(text);
  if (!bytes.ok()) return std::nullopt;
  return *bytes;
}

base::Result<Json> value_of(const Simple& simple, const std::string& option, const Values& values) {
  const std::string& last = values.back();
  switch (simple.form) {
    case Form::kText:
      return Json(last);
    case Form::kTexts:
      return texts_of(values);
    case Form::kWords:
      return texts_of({last});
    case Form::kPairs:
      return pairs_of(values);
    case Form::kFlag:
      if (last.empty() || last == "true" || last == "false") return Json(last != "false");
      break;
    case Form::kNumber:
      if (const auto number = number_of(last)) return Json(*number);
      break;
    case Form::kBytes:
      if (const auto bytes = bytes_of(last)) return Json(*bytes);
      break;
  }
  return bad_value(option, last);
}

// "nofile=1024:2048", "nproc=64"
base::Result<Json> ulimits_of(const Values& values) {
  Json limits = Json::array();
  for (const std::string& value : values) {
    const auto [name, range] = pair_of(value, '=');
    const auto [soft_text, hard_text] = pair_of(range, ':');
    const auto soft = number_of(soft_text);
    const auto hard = hard_text.empty() ? soft : number_of(hard_text);
    if (!soft || !hard) return bad_value("ulimit", value);
    limits.append(Json::object({{"Name", name}, {"Soft", *soft}, {"Hard", *hard}}));
  }
  return limits;
}

// "1.5": processors, counted by the engine in billionths.
base::Result<Json> nano_cpus_of(const std::string& value) {
  double cpus = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), cpus);
  if (error != std::errc() || end != value.data() + value.size() || std::isnan(cpus) || cpus <= 0 ||
      cpus >= 1e6)
    return bad_value("cpus", value);
  return Json(static_cast<std::int64_t>(std::llround(cpus * 1e9)));
}

// "/dev/a", "/dev/a:/dev/b", "/dev/a:/dev/b:rw"
Json devices_of(const Values& values) {
  Json devices = Json::array();
  for (const std::string& value : values) {
    const auto [host, rest] = pair_of(value, ':');
    const auto [inside, rights] = pair_of(rest, ':');
    devices.append(Json::object({{"PathOnHost", host},
                                 {"PathInContainer", inside.empty() ? host : inside},
                                 {"CgroupPermissions", rights.empty() ? "rwm" : rights}}));
  }
  return devices;
}

// "all" or a number of them.
base::Result<Json> gpus_of(const std::string& value) {
  const auto count = value == "all" ? std::optional<std::int64_t>(-1) : number_of(value);
  if (!count) return bad_value("gpus", value);
  Json capabilities = Json::array();
  capabilities.append(Json::array().append("gpu"));
  Json requests = Json::array();
  requests.append(Json::object({{"Count", *count}, {"Capabilities", std::move(capabilities)}}));
  return requests;
}

// "no", "always", "on-failure:3"
base::Result<Json> restart_of(const std::string& value) {
  const auto [name, times] = pair_of(value, ':');
  const auto count = times.empty() ? std::optional<std::int64_t>(0) : number_of(times);
  if (!count) return bad_value("restart", value);
  return Json::object({{"Name", name}, {"MaximumRetryCount", *count}});
}

base::Status add_special(Json& host, const std::string& option, const Values& values) {
  if (option == "ulimit") {
    TRY(Json limits, ulimits_of(values));
    host.set("Ulimits", std::move(limits));
  } else if (option == "cpus") {
    TRY(Json cpus, nano_cpus_of(values.back()));
    host.set("NanoCpus", std::move(cpus));
  } else if (option == "gpus") {
    TRY(Json gpus, gpus_of(values.back()));
    host.set("DeviceRequests", std::move(gpus));
  } else if (option == "restart") {
    TRY(Json policy, restart_of(values.back()));
    host.set("RestartPolicy", std::move(policy));
  } else if (option == "device") {
    host.set("Devices", devices_of(values));
  } else if (option == "tmpfs") {
    host.set("Tmpfs", pairs_of(values, ':'));
  } else {
    return base::Error{base::ErrorCode::kInvalidArgument,
                       "docker run --" + option + ": Larder does not know this option"};
  }
  return {};
}

// The driver and its options stand in one object.
Json log_config_of(const Options& options) {
  const auto driver = options.find("log-driver");
  const auto details = options.find("log-opt");
  Json config = Json::object();
  if (driver != options.end()) config.set("Type", driver->second.back());
  config.set("Config", details == options.end() ? Json::object() : pairs_of(details->second));
  return config;
}

}  // namespace

base::Result<Json> create_body(const std::string& image, const Options& options) {
  Json body = Json::object({{"Image", image}});
  Json host = Json::object();
  for (const auto& [option, values] : options) {
    if (values.empty() || option == "log-driver" || option == "log-opt") continue;
    const auto* const simple = std::ranges::find(kSimple, option, &Simple::option);
    if (simple == std::end(kSimple)) {
      TRY_STATUS(add_special(host, option, values));
      continue;
    }
    TRY(Json value, value_of(*simple, option, values));
    (simple->in_host_config ? host : body).set(simple->member, std::move(value));
  }
  if (options.contains("log-driver") || options.contains("log-opt"))
    host.set("LogConfig", log_config_of(options));
  body.set("HostConfig", std::move(host));
  return body;
}

}  // namespace invoker_docker
