// What a node of a pool answers when somebody asks who should have a request, and the choice.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace gpu_leases {

struct Quote {
  bool ever = false;               // it fits an empty node
  bool now = false;                // it would be granted at once
  bool warm = false;               // and a session is idle for it
  std::size_t waiting = 0;         // requests before it
  std::size_t same_namespace = 0;  // leases that the namespace has there
  std::uint64_t free_bytes = 0;    // of the best GPU
  std::uint64_t known_bytes = 0;   // of the action's code images that the node has already
};

// The position of the best node: one that has room now before one that has not; then the one that
// knows most of the code; then the shorter line, the warm session, the fewest leases of the same
// namespace, the most room. Nothing when it fits nowhere.
//
// Threads: any; pure.
std::optional<std::size_t> best(std::span<const Quote> quotes);

}  // namespace gpu_leases
