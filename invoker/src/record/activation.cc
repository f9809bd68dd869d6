#include "invoker/activation.h"

#include <utility>

namespace invoker {

std::string_view name_of(StatusCode code) {
  switch (code) {
    case StatusCode::kSuccess:
      return "success";
    case StatusCode::kApplicationError:
      return "application error";
    case StatusCode::kDeveloperError:
      return "action developer error";
    case StatusCode::kWhiskError:
      break;
  }
  return "whisk internal error";
}

Response Response::error(StatusCode code, base::Json message) {
  return {code, base::Json::object({{"error", std::move(message)}}), std::nullopt};
}

static base::Json to_json(const Response& response) {
  base::Json json = base::Json::object({{"statusCode", static_cast<int>(response.code)}});
  if (response.result) json.set("result", *response.result);
  if (response.size) json.set("size", *response.size);
  return json;
}

base::Json to_document(const Activation& activation) {
  base::Json::Array logs(activation.logs.begin(), activation.logs.end());
  base::Json json = base::Json::object({{"namespace", activation.namespace_name},
                                        {"name", activation.name},
                                        {"subject", activation.subject},
                                        {"activationId", activation.activation_id},
                                        {"start", activation.start_ms},
                                        {"end", activation.end_ms},
                                        {"duration", activation.duration_ms},
                                        {"version", activation.version},
                                        {"publish", false},
                                        {"annotations", activation.annotations}});
  json.set("response", to_json(activation.response));
  json.set("logs", std::move(logs));
  if (activation.cause) json.set("cause", *activation.cause);
  return json;
}

}  // namespace invoker
