// An environment with everything that is needed, and what is set on top of it.
#pragma once

#include <initializer_list>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "invoker_settings/settings.h"

inline constexpr const char* kManifest =
    R"({"runtimes":{"nodejs":[{"kind":"nodejs:20","image":{"prefix":"openwhisk","name":"action-nodejs-v20","tag":"nightly"}}]}})";

struct World {
  std::map<std::string, std::string> environment = {
      {"KAFKA_HOSTS", "10.0.0.1:9093"},
      {"RUNTIMES_MANIFEST", kManifest},
      {"WHISK_API_HOST_NAME", "172.17.0.1"},
      {"CONFIG_whisk_couchdb_host", "db"},
      {"CONFIG_whisk_couchdb_databases_WhiskEntity", "whisks"},
      {"CONFIG_whisk_couchdb_databases_WhiskActivation", "activations"},
      {"CONFIG_whisk_couchdb_databases_WhiskAuth", "subjects"},
  };
  std::vector<std::string> arguments = {"--id", "0"};

  base::Result<invoker_settings::Start> start() const {
    std::vector<std::string> variables;
    for (const auto& [name, value] : environment) {
      variables.push_back(std::string(name).append("=").append(value));
    }
    return invoker_settings::settings_from(variables, arguments);
  }
  // Of a start that must succeed.
  invoker_settings::InvokerSettings settings() const {
    auto started = start();
    if (!started.ok()) throw std::runtime_error(started.error().message);
    return std::move(started->settings);
  }
  // The error; "none" when there is none.
  std::string fault() const {
    const auto started = start();
    return started.ok() ? "none" : started.error().message;
  }
  bool notices(const std::string& line) const {
    const auto started = start();
    if (!started.ok()) throw std::runtime_error(started.error().message);
    for (const std::string& notice : started->notices) {
      if (notice.find(line) != std::string::npos) return true;
    }
    return false;
  }
};

inline World with(std::initializer_list<std::pair<const char*, std::string>> more) {
  World world;
  for (const auto& [name, value] : more) world.environment[name] = value;
  return world;
}
