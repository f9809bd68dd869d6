// What a controller says to an invoker: messages, and the ids in them. Pure functions; a random
// generator is handed in.
#pragma once

#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "base/json.h"

namespace controller_sim {

using Random = std::mt19937_64;

std::string random_activation_id(Random& random);  // 32 hex digits
std::string random_uuid(Random& random);
std::string random_text(Random& random, std::size_t length);  // letters and digits

// ["id", start], and what may follow it.
enum class TransidShape { kPlain, kExtraLogging, kParent, kExtraLoggingAndParent };
base::Json make_transid(Random& random, TransidShape shape, std::int64_t now_ms);

struct Caller {
  std::string subject = "guest";
  std::string namespace_name = "guest";
  std::string namespace_uuid;
  std::string key;  // the part of the api key behind the colon
  std::vector<std::string> rights = {"READ", "PUT", "DELETE", "ACTIVATE"};
  base::Json limits = base::Json::object();
};

struct ActivationRequest {
  base::Json transid;
  std::string action_path;
  std::string action_name;
  std::string action_version;
  std::optional<std::string> revision;  // nothing is written as null
  Caller caller;
  std::string id;
  std::string controller;
  bool blocking = false;
  std::optional<base::Json> content;
  std::vector<std::string> init_args;
  std::optional<std::string> cause;
};

base::Json activation_message(const ActivationRequest& request);

// The action whose success makes an invoker usable:
// whisk.system/invokerHealthTestAction<controller>.
std::string health_action_name(const std::string& controller);
// The health test's message; `transid` is the controller's constant.
ActivationRequest health_request(Random& random, const std::string& controller, base::Json transid);

}  // namespace controller_sim
