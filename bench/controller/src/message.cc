#include "controller_sim/message.h"

#include <string_view>
#include <utility>

namespace controller_sim {
namespace {

using base::Json;

std::string random_of(Random& random, std::string_view alphabet, std::size_t length) {
  std::uniform_int_distribution<std::size_t> index(0, alphabet.size() - 1);
  std::string text(length, ' ');
  for (char& c : text) c = alphabet[index(random)];
  return text;
}

Json strings(const std::vector<std::string>& list) { return Json::Array(list.begin(), list.end()); }

Json action_json(const ActivationRequest& request) {
  return Json::object({{"path", request.action_path},
                       {"name", request.action_name},
                       {"version", request.action_version}});
}

Json caller_json(const Caller& caller) {
  return Json::object(
      {{"subject", caller.subject},
       {"namespace",
        Json::object({{"name", caller.namespace_name}, {"uuid", caller.namespace_uuid}})},
       {"authkey", Json::object({{"api_key", caller.namespace_uuid + ":" + caller.key}})},
       {"rights", strings(caller.rights)},
       {"limits", caller.limits}});
}

}  // namespace

std::string random_activation_id(Random& random) {
  return random_of(random, "0123456789abcdef", 32);
}

std::string random_uuid(Random& random) {
  std::string hex = random_activation_id(random);
  hex[12] = '4';  // version and variant of a random UUID
  hex[16] = 'a';
  return hex.substr(0, 8) + "-" + hex.substr(8, 4) + "-" + hex.substr(12, 4) + "-" +
         hex.substr(16, 4) + "-" + hex.substr(20);
}

std::string random_text(Random& random, std::size_t length) {
  return random_of(random, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
                   length);
}

Json make_transid(Random& random, TransidShape shape, std::int64_t now_ms) {
  Json transid = Json::array();
  transid.append(random_text(random, 32)).append(now_ms);
  const bool both = shape == TransidShape::kExtraLoggingAndParent;
  if (both || shape == TransidShape::kExtraLogging) transid.append(true);
  if (both || shape == TransidShape::kParent) {
    transid.append(make_transid(random, TransidShape::kPlain, now_ms - 1));
  }
  return transid;
}

Json activation_message(const ActivationRequest& request) {
  Json message = Json::object();
  message.set("transid", request.transid);
  message.set("action", action_json(request));
  message.set("revision", request.revision ? Json(*request.revision) : Json());
  message.set("user", caller_json(request.caller));
  message.set("activationId", request.id);
  message.set("rootControllerIndex",
              Json::object({{"asString", request.controller}, {"instanceType", "controller"}}));
  message.set("blocking", request.blocking);
  if (request.content) message.set("content", *request.content);
  message.set("initArgs", strings(request.init_args));
  message.set("lockedArgs", Json::object());
  if (request.cause) message.set("cause", *request.cause);
  return message;
}

std::string health_action_name(const std::string& controller) {
  return "invokerHealthTestAction" + controller;
}

ActivationRequest health_request(Random& random, const std::string& controller, Json transid) {
  ActivationRequest request;
  request.transid = std::move(transid);
  request.action_path = "whisk.system";
  request.action_name = health_action_name(controller);
  request.action_version = "0.0.1";
  request.caller.subject = "whisk.system";
  request.caller.namespace_name = "whisk.system";
  request.caller.namespace_uuid = random_uuid(random);
  request.caller.key = random_text(random, 64);
  request.caller.rights = {};
  request.id = random_activation_id(random);
  request.controller = controller;
  return request;
}

}  // namespace controller_sim
