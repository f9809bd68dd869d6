#include "storage_ephemeral/spill.h"

#include <algorithm>

namespace storage_ephemeral {

SpillDecision decide_spill(const SpillInput& input) {
  constexpr std::uint64_t kReserveBytesMax = 64 << 20;
  const bool fits = input.wanted_bytes <= input.free_bytes;
  if (!input.allowed) return fits ? SpillDecision::kStay : SpillDecision::kRefuse;
  const std::uint64_t reserve = std::min(input.total_bytes / 20, kReserveBytesMax);
  const bool leaves_reserve = fits && input.free_bytes - input.wanted_bytes >= reserve;
  return leaves_reserve ? SpillDecision::kStay : SpillDecision::kSpill;
}

}  // namespace storage_ephemeral
