#include "init_request.h"

#include "base/json.h"

namespace proxy {
namespace {

using base::Json;

// A string as it is, null as nothing, everything else as compact JSON.
std::string as_variable(const Json& value) {
  if (value.is_string()) return value.as_string();
  return value.is_null() ? "" : value.to_string();
}

// The kernel takes neither in a variable.
bool is_possible(const std::string& name, const std::string& value) {
  return !name.empty() && name.find('=') == std::string::npos &&
         name.find('\0') == std::string::npos && value.find('\0') == std::string::npos;
}

base::Error malformed(const std::string& what) {
  return base::Error{base::ErrorCode::kInvalidArgument, "Error unmarshaling request: " + what};
}

std::string take_text(Json& value, const char* key, std::string fallback) {
  Json* member = value.find(key);
  if (member == nullptr || !member->is_string()) return fallback;
  return std::string(member->as_string());
}

}  // namespace

base::Result<InitRequest> parse_init(std::string_view body) {
  auto json = Json::parse(body);
  if (!json.ok()) return malformed(json.error().message);
  Json* value = json->find("value");
  if (value == nullptr || !value->is_object()) return malformed("there is no object 'value'");
  InitRequest request;
  request.main = take_text(*value, "main", "main");
  if (request.main.empty()) request.main = "main";
  request.code = take_text(*value, "code", "");
  const Json* binary = value->find("binary");
  request.binary = binary != nullptr && binary->is_bool() && binary->as_bool();
  if (const Json* environment = value->find("env");
      environment != nullptr && environment->is_object()) {
    for (const auto& [name, member] : environment->members()) {
      std::string text = as_variable(member);
      if (is_possible(name, text)) request.environment.emplace_back(name, std::move(text));
    }
  }
  return request;
}

}  // namespace proxy
