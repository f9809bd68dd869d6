// Options of `docker run`, as the Engine API wants them.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace invoker_docker {

// By their long names, without dashes; an option that may be given once has one value.
using Options = std::map<std::string, std::vector<std::string>>;

// The body of POST /containers/create. Options that the API has no member for, or whose value is
// none, are kInvalidArgument with their name.
base::Result<base::Json> create_body(const std::string& image, const Options& options);

}  // namespace invoker_docker
