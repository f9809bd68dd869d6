// What is said about the settings: what they are, and which of them mean nothing.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "invoker_settings/settings.h"
#include "layers.h"

namespace invoker_settings {

// One line for each setting that is not used or not known. Errors: kInvalidArgument for an unknown
// setting of ours ("larder."), which can only be a slip.
base::Result<std::vector<std::string>> notices_of(const Layers& layers);

// What is used elsewhere, but not with these settings: what Docker is told, where containers are
// our own; labels of metrics that are not told.
std::vector<std::string> useless_notices(const Layers& layers, const InvokerSettings& settings);

// `path = "value"  (origin)` for each setting, in the order of the table.
std::string describe(const Layers& layers, const IdentitySettings& identity);

}  // namespace invoker_settings
