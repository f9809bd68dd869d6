#include <utility>

#include "invoker/acknowledgement.h"

namespace invoker {
namespace {

using base::Json;

constexpr int kBadStatusCode = 400;

const Json* annotation(const Activation& activation, std::string_view key) {
  for (const Json& entry : activation.annotations.items()) {
    const Json* name = entry.find("key");
    if (name != nullptr && name->is_string() && name->as_string() == key)
      return entry.find("value");
  }
  return nullptr;
}

Json text_or(const Json* value, const Json& fallback) {
  return value != nullptr && value->is_string() ? *value : fallback;
}

Json whole_or_zero(const Json* value) {
  return value != nullptr && value->as_int64() ? *value->as_int64() : 0;
}

// What the action itself calls its status: `error.statusCode`, else `statusCode` of the result.
const Json* own_status_code(const Activation& activation) {
  if (!activation.response.result || !activation.response.result->is_object()) return nullptr;
  const Json& result = *activation.response.result;
  const Json* error = result.find("error");
  if (error != nullptr && error->is_object() && error->find("statusCode") != nullptr) {
    return error->find("statusCode");
  }
  return result.find("statusCode");
}

Json body_of(const Activation& activation, const Json& path, const Json& kind) {
  const Json* limits = annotation(activation, "limits");
  const Json* conductor = annotation(activation, "conductor");
  Json body = Json::object(
      {{"name", path},
       {"activationId", activation.activation_id},
       {"statusCode", static_cast<int>(activation.response.code)},
       {"duration", activation.duration_ms},
       {"waitTime", whole_or_zero(annotation(activation, "waitTime"))},
       {"initTime", whole_or_zero(annotation(activation, "initTime"))},
       {"kind", kind},
       {"conductor", conductor != nullptr && conductor->is_bool() && conductor->as_bool()},
       {"memory", whole_or_zero(limits == nullptr ? nullptr : limits->find("memory"))}});
  const Json caused_by = text_or(annotation(activation, "causedBy"), nullptr);
  if (!caused_by.is_null()) body.set("causedBy", caused_by);
  if (activation.response.size) body.set("size", *activation.response.size);
  if (const Json* code = own_status_code(activation)) {
    body.set("userDefinedStatusCode", code->as_int64().value_or(kBadStatusCode));
  }
  return body;
}

}  // namespace

std::optional<std::string> activation_event(const ActivationMessage& message,
                                            const Activation& activation, const std::string& source,
                                            base::WallTime now) {
  const Json path = text_or(annotation(activation, "path"), nullptr);
  const Json kind = text_or(annotation(activation, "kind"), nullptr);
  if (path.is_null() || kind.is_null()) return std::nullopt;
  return Json::object({{"source", source},
                       {"body", body_of(activation, path, kind)},
                       {"subject", message.user.subject},
                       {"namespace", message.user.namespace_name},
                       {"userId", message.user.namespace_uuid},
                       {"eventType", "Activation"},
                       {"timestamp", base::epoch_ms(now)}})
      .to_string();
}

}  // namespace invoker
