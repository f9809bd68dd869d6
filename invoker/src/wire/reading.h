// Taking members out of a JSON object, one line and one sentence each.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace invoker::reading {

using Type = base::Json::Type;

// "object", "string" ...
std::string_view name_of(Type type);

base::Error wrong(std::string_view name, std::string_view what);

// The member `name`, moved out, which must be there and of `type`.
base::Result<base::Json> take(base::Json& object, std::string_view name, Type type);
base::Result<std::string> take_string(base::Json& object, std::string_view name);

// The same for members that may be absent or null: a null comes back.
base::Result<base::Json> take_optional(base::Json& object, std::string_view name, Type type);
base::Result<std::optional<std::string>> take_optional_string(base::Json& object,
                                                              std::string_view name);

// The array `name`, every item of which must be a string.
base::Result<std::vector<std::string>> take_strings(base::Json& object, std::string_view name);

}  // namespace invoker::reading
