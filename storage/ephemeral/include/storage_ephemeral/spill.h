// Whether new bytes of an ephemeral file stay on the node.
#pragma once

#include <cstdint>

namespace storage_ephemeral {

struct SpillInput {
  std::uint64_t free_bytes = 0;    // of the tier, for this volume: disk or quota, the lesser
  std::uint64_t total_bytes = 0;   // of the same
  std::uint64_t wanted_bytes = 0;  // to be written
  bool allowed = false;            // the hint `spill`
};

enum class SpillDecision : std::uint8_t {
  kStay,    // on the node
  kSpill,   // to the durable tier
  kRefuse,  // ENOSPC: there is no room, and it may not go elsewhere
};

// What may spill does so before the tier is full: a twentieth of it, 64 MiB at most, is left to
// files that must stay.
SpillDecision decide_spill(const SpillInput& input);

}  // namespace storage_ephemeral
