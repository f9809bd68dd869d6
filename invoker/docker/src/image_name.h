// The name of an image, read as Docker's grammar for references has it. Pure.
#pragma once

#include <string_view>

#include "base/result.h"
#include "invoker/runtimes.h"

namespace invoker_docker {

// A digest is accepted and dropped. Errors: kInvalidArgument with what is wrong.
base::Result<invoker::ImageName> parse_image_name(std::string_view text);

// No tag means "latest".
bool is_latest(const invoker::ImageName& image);

}  // namespace invoker_docker
