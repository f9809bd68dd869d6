#include <utility>

#include "invoker/message_json.h"
#include "wire/reading.h"

namespace invoker {

using base::Json;
using base::Result;
using reading::Type;

Result<Identity> read_identity(Json json) {
  if (!json.is_object()) return reading::wrong("user", "must be of type object");
  Identity identity;
  TRY(identity.subject, reading::take_string(json, "subject"));
  TRY(Json space, reading::take(json, "namespace", Type::kObject));
  TRY(identity.namespace_name, reading::take_string(space, "name"));
  TRY(identity.namespace_uuid, reading::take_string(space, "uuid"));
  TRY(identity.authkey, reading::take(json, "authkey", Type::kObject));
  TRY(identity.rights, reading::take_strings(json, "rights"));
  TRY(identity.limits, reading::take(json, "limits", Type::kObject));
  return identity;
}

Json to_json(const Identity& identity) {
  return Json::object({
      {"subject", identity.subject},
      {"namespace",
       Json::object({{"name", identity.namespace_name}, {"uuid", identity.namespace_uuid}})},
      {"authkey", identity.authkey},
      {"rights", Json::Array(identity.rights.begin(), identity.rights.end())},
      {"limits", identity.limits},
  });
}

}  // namespace invoker
