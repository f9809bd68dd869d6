// What became of an invocation: the record that is acknowledged and stored.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace invoker {

enum class StatusCode { kSuccess = 0, kApplicationError = 1, kDeveloperError = 2, kWhiskError = 3 };

// "success", "application error", "action developer error", "whisk internal error".
std::string_view name_of(StatusCode code);

struct Response {
  StatusCode code = StatusCode::kSuccess;
  std::optional<base::Json> result;
  std::optional<std::int64_t>
      size;  // UTF-16 code units of the action's answer, where there was one

  // {"error": message}, with this code.
  static Response error(StatusCode code, base::Json message);
};

struct Activation {
  std::string activation_id;
  std::string namespace_name;  // of the invoking identity
  std::string subject;
  std::string name;  // of the action
  std::string version;
  std::optional<std::string> cause;
  std::int64_t start_ms = 0;  // epoch ms
  std::int64_t end_ms = 0;
  std::int64_t duration_ms = 0;
  Response response;
  std::vector<std::string> logs;
  base::Json annotations = base::Json::array();  // [{"key","value"}]
};

// As stored and acknowledged: `response` holds {"statusCode","result"?,"size"?}.
base::Json to_document(const Activation& activation);

}  // namespace invoker
