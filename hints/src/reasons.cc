#include "hints/reasons.h"

#include <algorithm>
#include <cmath>
#include <string_view>

namespace hints {
namespace {

// "240 of 256 MiB": in one unit, that of the whole, with at least two digits of it.
std::string share(std::int64_t part, std::int64_t whole) {
  static constexpr std::string_view kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  std::size_t unit = 0;
  std::int64_t size = 1;
  while (unit + 1 < std::size(kUnits) && whole / size >= 10 * 1024) {
    size *= 1024;
    ++unit;
  }
  const auto rounded = [&](std::int64_t bytes) {
    return std::to_string((bytes / size) + (bytes % size >= (size + 1) / 2 && size > 1 ? 1 : 0));
  };
  return rounded(part) + " of " + rounded(whole) + " " + std::string(kUnits[unit]);
}

std::string why(const Reasons& reasons) {
  const Place& chosen = reasons.chosen;
  std::string text;
  if (reasons.bytes > 0) {
    const bool some = reasons.bytes_local > 0;
    text = (some ? share(reasons.bytes_local, reasons.bytes) + " of " : "nothing of ") +
           reasons.what + (some ? " are there" : " is there");
  }
  const auto add = [&](std::string_view more) {
    if (!text.empty()) text += ", ";
    text += more;
  };
  if (chosen.of_key) add("its key belongs there");
  if (chosen.container == ContainerState::kWarm) add("a warm container is there");
  if (chosen.room == Room::kFull) add("it had no room and the call queued");
  return text.empty() ? "no other place was better" : text;
}

}  // namespace

Reasons reasons(const Call& call, const std::vector<Candidate>& candidates, const Ranking& ranking,
                int node) {
  Reasons result;
  for (const Place& place : ranking.order) {
    if (place.node == node) {
      result.chosen = place;
    } else if (!result.other) {
      result.other = place;
    }
  }
  const auto largest = std::ranges::max_element(call.needs, {}, &Need::bytes);
  if (largest == call.needs.end() || largest->bytes <= 0) return result;
  result.what = largest->name;
  result.bytes = largest->bytes;
  const auto candidate = std::ranges::find(candidates, node, &Candidate::node);
  const auto index = static_cast<std::size_t>(largest - call.needs.begin());
  if (candidate != candidates.end() && index < candidate->local_bytes.size()) {
    result.bytes_local = std::clamp<std::int64_t>(candidate->local_bytes[index], 0, result.bytes);
  }
  return result;
}

std::string to_text(const Reasons& reasons, const NodeName& name) {
  std::string text = "ran on " + name(reasons.chosen.node) + ": " + why(reasons);
  if (!reasons.other) return text;
  const double more = reasons.other->estimate.total_ms() - reasons.chosen.estimate.total_ms();
  const long rounded = std::lround(std::clamp(more, -1e9, 1e9));
  const std::string sign = rounded < 0 ? "" : "+";
  text += "; " + name(reasons.other->node);
  if (reasons.other->room == Room::kFull) return text + " had no room";
  return text + " would have cost " + sign + std::to_string(rounded) + " ms";
}

}  // namespace hints
