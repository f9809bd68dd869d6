#include "invoker/message_json.h"

#include <algorithm>
#include <utility>

#include "wire/reading.h"

namespace invoker {
namespace {

using base::Json;
using base::Result;
using base::Status;
using reading::Type;

constexpr std::size_t kActivationIdLength = 32;

bool is_activation_id(const std::string& text) {
  return text.size() == kActivationIdLength && std::ranges::all_of(text, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

TransactionId unknown_transid(base::WallTime now) {
  const std::int64_t now_ms = base::epoch_ms(now);
  return *read_transid(Json::Array{"sid_unknown", now_ms});
}

Status read_transid_of(ActivationMessage& message, Json& json, base::WallTime now) {
  Json* const member = json.find("transid");
  if (member == nullptr) return reading::wrong("transid", "is missing");
  auto transid = read_transid(std::move(*member));
  message.transid = transid ? std::move(*transid) : unknown_transid(now);
  return {};
}

// "guest/package/name": an older spelling.
Status read_action_path(ActivationMessage& message, std::string_view text) {
  if (text.starts_with('/')) text.remove_prefix(1);
  const auto slash = text.rfind('/');
  if (slash == text.npos || slash == 0 || slash + 1 == text.size())
    return reading::wrong("action", "must be a path with a namespace and a name");
  message.action_path = text.substr(0, slash);
  message.action_name = text.substr(slash + 1);
  return {};
}

Status read_action(ActivationMessage& message, Json& json) {
  Json* const member = json.find("action");
  if (member == nullptr) return reading::wrong("action", "is missing");
  if (member->is_string()) return read_action_path(message, member->as_string());
  TRY(Json action, reading::take(json, "action", Type::kObject));
  TRY(message.action_path, reading::take_string(action, "path"));
  TRY(message.action_name, reading::take_string(action, "name"));
  TRY(message.action_version, reading::take_optional_string(action, "version"));
  TRY(message.action_binding, reading::take_optional_string(action, "binding"));
  return {};
}

// Absent is an error here, null is not.
Status read_revision(ActivationMessage& message, Json& json) {
  if (json.find("revision") == nullptr) return reading::wrong("revision", "is missing");
  TRY(message.revision, reading::take_optional_string(json, "revision"));
  return {};
}

Status read_activation_ids(ActivationMessage& message, Json& json) {
  TRY(message.activation_id, reading::take_string(json, "activationId"));
  TRY(message.cause, reading::take_optional_string(json, "cause"));
  constexpr std::string_view kWhat = "must be 32 lower-case hexadecimal digits";
  if (!is_activation_id(message.activation_id)) return reading::wrong("activationId", kWhat);
  if (message.cause && !is_activation_id(*message.cause)) return reading::wrong("cause", kWhat);
  return {};
}

Status read_content(ActivationMessage& message, Json& json) {
  Json* const member = json.find("content");
  if (member == nullptr || member->is_null()) return {};
  if (!member->is_object() && !member->is_array())
    return reading::wrong("content", "must be of type object or array");
  message.content = std::move(*member);
  return {};
}

Status read_arguments(ActivationMessage& message, Json& json) {
  TRY_STATUS(read_content(message, json));
  TRY(message.init_args, reading::take_strings(json, "initArgs"));
  TRY(const Json locked, reading::take(json, "lockedArgs", Type::kObject));
  for (const auto& [name, algorithm] : locked.members()) {
    if (!algorithm.is_string()) return reading::wrong("lockedArgs", "must hold strings only");
    message.locked_args[name] = algorithm.as_string();
  }
  return {};
}

Status read_trace_context(ActivationMessage& message, Json& json) {
  TRY(Json context, reading::take_optional(json, "traceContext", Type::kObject));
  if (context.is_null()) return {};
  for (const auto& [name, value] : context.members())
    if (!value.is_string()) return reading::wrong("traceContext", "must hold strings only");
  message.trace_context = std::move(context);
  return {};
}

Status read_sender(ActivationMessage& message, Json& json) {
  TRY(Json user, reading::take(json, "user", Type::kObject));
  TRY(message.user, read_identity(std::move(user)));
  TRY(Json controller, reading::take(json, "rootControllerIndex", Type::kObject));
  TRY(message.root_controller, reading::take_string(controller, "asString"));
  TRY(const Json blocking, reading::take(json, "blocking", Type::kBool));
  message.blocking = blocking.as_bool();
  return {};
}

Json action_json(const ActivationMessage& message) {
  Json action = Json::object({{"path", message.action_path}, {"name", message.action_name}});
  if (message.action_version) action.set("version", *message.action_version);
  if (message.action_binding) action.set("binding", *message.action_binding);
  return action;
}

}  // namespace

Result<ActivationMessage> parse_activation_message(std::string_view text, base::WallTime now) {
  TRY(Json json, Json::parse(text));
  return read_activation_message(std::move(json), now);
}

Result<ActivationMessage> read_activation_message(Json json, base::WallTime now) {
  if (!json.is_object()) {
    return base::Error{base::ErrorCode::kInvalidArgument,
                       "an activation message must be a JSON object"};
  }
  ActivationMessage message;
  TRY_STATUS(read_transid_of(message, json, now));
  TRY_STATUS(read_action(message, json));
  TRY_STATUS(read_revision(message, json));
  TRY_STATUS(read_sender(message, json));
  TRY_STATUS(read_activation_ids(message, json));
  TRY_STATUS(read_arguments(message, json));
  TRY_STATUS(read_trace_context(message, json));
  return message;
}

Json to_json(const ActivationMessage& message) {
  const Json controller =
      Json::object({{"asString", message.root_controller}, {"instanceType", "controller"}});
  Json json = Json::object({{"transid", message.transid.json},
                            {"action", action_json(message)},
                            {"revision", message.revision ? Json(*message.revision) : Json()},
                            {"user", to_json(message.user)},
                            {"activationId", message.activation_id},
                            {"rootControllerIndex", controller},
                            {"blocking", message.blocking}});
  if (message.content) json.set("content", *message.content);
  json.set("initArgs", Json::Array(message.init_args.begin(), message.init_args.end()));
  Json locked = Json::object();
  for (const auto& [name, algorithm] : message.locked_args) locked.set(name, algorithm);
  json.set("lockedArgs", std::move(locked));
  if (message.cause) json.set("cause", *message.cause);
  if (!message.trace_context.members().empty()) json.set("traceContext", message.trace_context);
  return json;
}

}  // namespace invoker
