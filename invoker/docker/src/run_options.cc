#include "run_options.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <set>

namespace invoker_docker {
namespace {

// Given more than once, these add up; any other is replaced by what the operator gives.
const std::set<std::string> kAdding = {
    "env",    "dns",      "dns-search", "dns-option", "dns-opt", "label",        "volume",
    "device", "add-host", "tmpfs",      "group-add",  "cap-add", "security-opt", "sysctl"};

std::string with_sign(const std::string& variable) {
  return variable.find('=') == std::string::npos ? variable + "=" : variable;
}

// The short names that people write.
std::string long_name(const std::string& option) {
  static const std::map<std::string, std::string> kShort = {
      {"e", "env"},       {"v", "volume"},          {"m", "memory"},     {"u", "user"},
      {"w", "workdir"},   {"l", "label"},           {"c", "cpu-shares"}, {"h", "hostname"},
      {"net", "network"}, {"dns-opt", "dns-option"}};
  const auto at = kShort.find(option);
  return at == kShort.end() ? option : at->second;
}

void add_extra(Options& options, const Options& extra) {
  for (const auto& [name, values] : extra) {
    const std::string option = long_name(name);
    std::vector<std::string>& all = options[option];
    if (!kAdding.contains(option)) all.clear();
    all.insert(all.end(), values.begin(), values.end());
    if (all.empty()) all.emplace_back();  // a flag
  }
}

}  // namespace

std::string cpus_text(double user_cpus, std::int64_t pool_bytes, std::int64_t memory_bytes) {
  const auto parts =
      std::max<std::int64_t>(pool_bytes / std::max<std::int64_t>(memory_bytes, 1), 1);
  const double share = std::floor(user_cpus / static_cast<double>(parts) * 1e5 + 0.5) / 1e5;
  char text[32];
  std::snprintf(text, sizeof text, "%.5f", std::max(share, 0.01));
  return text;
}

Options run_options(const DockerConfig& config, const invoker::ContainerSpec& spec) {
  const std::string memory = std::to_string(spec.memory_bytes >> 20) + "m";
  Options options = {{"cpu-shares", {std::to_string(spec.cpu_shares)}},
                     {"memory", {memory}},
                     {"memory-swap", {memory}},  // the same: no swap
                     {"network", {config.network}},
                     {"cap-drop", {"NET_RAW", "NET_ADMIN"}},
                     {"ulimit", {"nofile=1024:1024"}},
                     {"pids-limit", {"1024"}},
                     {"dns", config.dns_servers},
                     {"dns-search", config.dns_search},
                     {"dns-option", config.dns_options}};
  for (const auto& [name, value] : spec.environment)
    options["env"].push_back(std::string(name).append("=").append(value));
  for (const std::string& variable : config.environment)
    options["env"].push_back(with_sign(variable));
  if (!config.log_driver.empty()) options["log-driver"] = {config.log_driver};
  if (config.user_cpus)
    options["cpus"] = {cpus_text(*config.user_cpus, config.user_memory_bytes, spec.memory_bytes)};
  add_extra(options, config.extra_arguments);
  return options;
}

}  // namespace invoker_docker
