// Names and shares that OpenWhisk gives to containers. Pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace invoker {

// "wsk00_": how the names of all containers of one invoker begin. `prefix` keeps letters, digits,
// '_', '.' and '-'.
std::string container_name_prefix(std::string_view prefix);

// "wsk00_12_guest_hello": the prefix, and its own counter; `owner` (the invoking
// namespace, or "prewarm") and `what` (the action, or the kind) keep letters, digits and '_'.
std::string container_name(std::string_view prefix, std::string_view counter,
                           std::string_view owner, std::string_view what);

// The relative weight of a container's processor time: 1024 is shared by as many of its size as fit
// into the pool; never less than 2. Both sizes are positive.
int cpu_shares(std::int64_t pool_memory_bytes, std::int64_t container_memory_bytes);

}  // namespace invoker
