// Why a call ran where it ran: as data, and as a sentence for people.
//
// Threads: any; pure functions. Errors: none.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "hints/rank.h"

namespace hints {

struct Reasons {
  Place chosen;
  std::optional<Place> other;    // the best of the places that were not taken
  std::string what;              // the largest of the call's needs, "photos/2024"
  std::int64_t bytes_local = 0;  // of `what`, at the chosen place
  std::int64_t bytes = 0;        // of `what`
};

// Why `node`, which is in `order`, was taken. Not always the first: others may have refused.
Reasons reasons(const Call& call, const std::vector<Candidate>& candidates, const Ranking& ranking,
                int node);

using NodeName = std::function<std::string(int node)>;

// "ran on B: 240 of 256 MiB of photos/2024 are there; A would have cost +310 ms"
std::string to_text(const Reasons& reasons, const NodeName& name);

}  // namespace hints
