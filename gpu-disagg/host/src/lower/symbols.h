// The names of a module: variables with their addresses, and functions.
#pragma once

#include <cstdint>
#include <string_view>
#include <unordered_map>

#include "ptx/syntax.h"

namespace gpu_host {

struct Symbols {
  std::unordered_map<std::string_view, const ptx::Function*> functions;
  std::unordered_map<std::string_view, const ptx::Variable*> shared;
  // Of .global and .const variables: where the device keeps them.
  std::unordered_map<std::string_view, std::uint64_t> addresses;
};

}  // namespace gpu_host
