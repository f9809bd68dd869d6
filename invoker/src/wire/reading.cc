#include "wire/reading.h"

#include <utility>

namespace invoker::reading {

using base::Json;
using base::Result;

std::string_view name_of(Type type) {
  switch (type) {
    case Type::kNull:
      return "null";
    case Type::kBool:
      return "boolean";
    case Type::kNumber:
      return "number";
    case Type::kString:
      return "string";
    case Type::kArray:
      return "array";
    case Type::kObject:
      break;
  }
  return "object";
}

base::Error wrong(std::string_view name, std::string_view what) {
  std::string message = "member '";
  message.append(name).append("' ").append(what);
  return {base::ErrorCode::kInvalidArgument, std::move(message)};
}

Result<Json> take(Json& object, std::string_view name, Type type) {
  Json* const member = object.find(name);
  if (member == nullptr) return wrong(name, "is missing");
  if (member->type() != type)
    return wrong(name, std::string("must be of type ").append(name_of(type)));
  return std::move(*member);
}

Result<std::string> take_string(Json& object, std::string_view name) {
  TRY(const Json text, take(object, name, Type::kString));
  return text.as_string();
}

Result<Json> take_optional(Json& object, std::string_view name, Type type) {
  const Json* const member = object.find(name);
  if (member == nullptr || member->is_null()) return Json();
  return take(object, name, type);
}

Result<std::optional<std::string>> take_optional_string(Json& object, std::string_view name) {
  TRY(const Json text, take_optional(object, name, Type::kString));
  std::optional<std::string> result;
  if (!text.is_null()) result = text.as_string();
  return result;
}

Result<std::vector<std::string>> take_strings(Json& object, std::string_view name) {
  TRY(const Json array, take(object, name, Type::kArray));
  std::vector<std::string> strings;
  for (const Json& item : array.items()) {
    if (!item.is_string()) return wrong(name, "must hold strings only");
    strings.push_back(item.as_string());
  }
  return strings;
}

}  // namespace invoker::reading
