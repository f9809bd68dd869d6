// The settings of `larder standalone`: their names, defaults and meaning.
#pragma once

#include "base/config.h"
#include "base/result.h"
#include "standalone_command.h"

namespace program {

// Every key with its default and a line of help.
base::Config standalone_settings();

// Errors: those of the getters, and kInvalidArgument for values that make no sense together.
base::Result<StandaloneOptions> standalone_options(const base::Config& settings);

}  // namespace program
