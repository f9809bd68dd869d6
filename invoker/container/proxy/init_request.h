// The body of /init.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/result.h"

namespace proxy {

struct InitRequest {
  std::string main = "main";
  std::string code;  // source text, or base64 where `binary`
  bool binary = false;
  std::vector<std::pair<std::string, std::string>> environment;
};

// Errors: kInvalidArgument when this is no JSON object with an object `value` in it.
base::Result<InitRequest> parse_init(std::string_view body);

}  // namespace proxy
