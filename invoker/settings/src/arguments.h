// The command line: whose invoker this is, or what to print instead.
#pragma once

#include <span>
#include <string>

#include "invoker_settings/settings.h"
#include "layers.h"

namespace invoker_settings {

struct Arguments {
  Task task = Task::kRun;
  IdentitySettings identity;  // id and names
};

// `-Dpath=value` words go into `layers`. Errors: kInvalidArgument.
base::Result<Arguments> parse_arguments(std::span<const std::string> words, Layers& layers);

}  // namespace invoker_settings
