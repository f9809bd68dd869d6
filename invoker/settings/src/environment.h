// From the variables of OpenWhisk's invoker image to settings.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "layers.h"

namespace invoker_settings {

// "CONFIG_whisk_containerPool_userMemory": "whisk.container-pool.user-memory".
std::string path_of_variable(std::string_view variable);

// OPENWHISK_CONFIG or OPENWHISK_ENCODED_CONFIG, then CONFIG_*, then the -D options of INVOKER_OPTS
// and JAVA_OPTS, then the variables that have a name of their own (PORT, KAFKA_HOSTS, ...), which
// are settings under just that name. Other variables are nobody's business here.
// Errors: kInvalidArgument for a text that is no HOCON or no base64.
base::Status add_environment(std::span<const std::string> variables, Layers& layers);

// "-Dwhisk.x.y=value", from `origin`; false when it is no such option.
bool add_option(const std::string& word, const std::string& origin, Source source, Layers& layers);

}  // namespace invoker_settings
