// What OpenWhisk runs a container with.
#pragma once

#include "invoker/container.h"
#include "invoker_docker/docker_factory.h"
#include "options.h"

namespace invoker_docker {

// The options of `docker run`, name and image aside.
Options run_options(const DockerConfig& config, const invoker::ContainerSpec& spec);

// "0.33333": the part of `user_cpus` for that much of `pool_bytes`; five digits, at least 0.01.
std::string cpus_text(double user_cpus, std::int64_t pool_bytes, std::int64_t memory_bytes);

}  // namespace invoker_docker
