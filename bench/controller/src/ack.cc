#include "controller_sim/ack.h"

#include <algorithm>
#include <limits>

#include "base/sizes.h"

namespace controller_sim {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;
using base::Result;

Error wrong(std::string_view member, std::string_view what) {
  return {ErrorCode::kInvalidArgument, "\"" + std::string(member) + "\" " + std::string(what)};
}

// The member, which must be there; null counts as not there.
Result<const Json*> need(const Json& json, std::string_view key) {
  const Json* value = json.find(key);
  if (value == nullptr || value->is_null()) return wrong(key, "is missing");
  return value;
}

Result<std::string> need_string(const Json& json, std::string_view key) {
  TRY(const Json* value, need(json, key));
  if (!value->is_string()) return wrong(key, "is not a string");
  return value->as_string();
}

Result<std::int64_t> need_whole(const Json& json, std::string_view key) {
  TRY(const Json* value, need(json, key));
  const auto number = value->as_int64();
  if (!number) return wrong(key, "is not a whole number");
  return *number;
}

Result<int> need_int(const Json& json, std::string_view key) {
  TRY(const std::int64_t number, need_whole(json, key));
  if (number < 0 || number > std::numeric_limits<int>::max()) return wrong(key, "is out of range");
  return static_cast<int>(number);
}

Result<const Json*> need_array(const Json& json, std::string_view key) {
  TRY(const Json* value, need(json, key));
  if (!value->is_array()) return wrong(key, "is not an array");
  return value;
}

Result<bool> optional_bool(const Json& json, std::string_view key, bool otherwise) {
  const Json* value = json.find(key);
  if (value == nullptr || value->is_null()) return otherwise;
  if (!value->is_bool()) return wrong(key, "is not a boolean");
  return value->as_bool();
}

Result<std::string> need_id(const Json& json, std::string_view key) {
  TRY(std::string id, need_string(json, key));
  if (!is_activation_id(id)) return wrong(key, "is not an activation id");
  return id;
}

Result<Instance> read_instance(const Json& json, std::string_view key) {
  if (!json.is_object()) return wrong(key, "is not an object");
  Instance instance;
  TRY(instance.id, need_int(json, "instance"));
  TRY(const std::string memory, need_string(json, "userMemory"));
  TRY(instance.user_memory_bytes, base::parse_bytes(memory));
  for (const std::string_view list : {"tags", "dedicatedNamespaces"}) {
    TRY([[maybe_unused]] const Json* value, need_array(json, list));
  }
  const Json* name = json.find("uniqueName");
  if (name != nullptr && name->is_string()) instance.unique_name = name->as_string();
  instance.json = json;
  return instance;
}

Result<Json> read_object(std::string_view text) {
  TRY(Json json, Json::parse(text));
  if (!json.is_object()) return Error{ErrorCode::kInvalidArgument, "this is no JSON object"};
  return json;
}

base::Status read_response(const Json& json, AckedActivation& activation) {
  TRY(const Json* response, need(json, "response"));
  TRY(activation.status, need_int(*response, "statusCode"));
  if (const Json* result = response->find("result")) activation.result = *result;
  return {};
}

base::Status read_logs(const Json& json, AckedActivation& activation) {
  TRY(const Json* logs, need_array(json, "logs"));
  for (const Json& line : logs->items()) {
    if (!line.is_string()) return wrong("logs", "holds something that is no string");
    activation.logs.push_back(line.as_string());
  }
  return {};
}

}  // namespace

bool is_activation_id(std::string_view text) {
  return text.size() == 32 && std::ranges::all_of(text, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

const Json* AckedActivation::annotation(std::string_view key) const {
  if (!annotations.is_array()) return nullptr;
  for (const Json& each : annotations.items()) {
    const Json* its_key = each.find("key");
    const bool same = its_key != nullptr && its_key->is_string() && its_key->as_string() == key;
    if (same) return each.find("value");
  }
  return nullptr;
}

Result<AckedActivation> read_activation(const Json& json) {
  if (!json.is_object()) return wrong("response", "is neither an object nor an id");
  AckedActivation activation;
  TRY(activation.id, need_id(json, "activationId"));
  TRY(activation.namespace_name, need_string(json, "namespace"));
  TRY(activation.subject, need_string(json, "subject"));
  TRY(activation.name, need_string(json, "name"));
  TRY(activation.version, need_string(json, "version"));
  TRY(activation.start_ms, need_whole(json, "start"));
  TRY(activation.end_ms, need_whole(json, "end"));
  if (json.find("duration") != nullptr) {
    TRY(activation.duration_ms, need_whole(json, "duration"));
  }
  TRY_STATUS(read_response(json, activation));
  TRY_STATUS(read_logs(json, activation));
  TRY(const Json* annotations, need_array(json, "annotations"));
  activation.annotations = *annotations;
  TRY(const Json* publish, need(json, "publish"));
  if (!publish->is_bool()) return wrong("publish", "is not a boolean");
  return activation;
}

Result<Ack> read_ack(std::string_view text) {
  TRY(const Json json, read_object(text));
  Ack ack;
  TRY(const Json* transid, need(json, "transid"));
  ack.transid = *transid;
  const Json* instance = json.find("instance");
  const Json* response = json.find("response");
  if (instance != nullptr) {
    TRY(ack.instance, read_instance(*instance, "instance"));
    TRY(ack.system_error, optional_bool(json, "isSystemError", false));
  }
  if (response == nullptr) {
    if (instance == nullptr) return wrong("response", "and \"instance\" are both missing");
    TRY(ack.id, need_id(json, "activationId"));
    return ack;
  }
  ack.has_response = true;
  if (response->is_string()) {
    TRY(ack.id, need_id(json, "response"));
    return ack;
  }
  TRY(ack.activation, read_activation(*response));
  ack.id = ack.activation->id;
  return ack;
}

Result<Ping> read_ping(std::string_view text) {
  TRY(const Json json, read_object(text));
  Ping ping;
  TRY(const Json* name, need(json, "name"));
  TRY(ping.instance, read_instance(*name, "name"));
  TRY(ping.enabled, optional_bool(json, "isEnabled", true));
  return ping;
}

Result<Event> read_event(std::string_view text) {
  TRY(const Json json, read_object(text));
  Event event;
  TRY(event.type, need_string(json, "eventType"));
  TRY(event.source, need_string(json, "source"));
  TRY(event.namespace_name, need_string(json, "namespace"));
  TRY(const Json* body, need(json, "body"));
  if (event.type != "Activation") return event;
  TRY(event.activation_id, need_id(*body, "activationId"));
  TRY(event.name, need_string(*body, "name"));
  TRY(event.kind, need_string(*body, "kind"));
  TRY(event.status, need_int(*body, "statusCode"));
  TRY(event.memory_mb, need_whole(*body, "memory"));
  for (const std::string_view key : {"duration", "waitTime", "initTime"}) {
    TRY([[maybe_unused]] const std::int64_t number, need_whole(*body, key));
  }
  TRY([[maybe_unused]] const Json* conductor, need(*body, "conductor"));
  return event;
}

}  // namespace controller_sim
