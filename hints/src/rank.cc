#include "hints/rank.h"

#include <algorithm>
#include <cmath>

namespace hints {
namespace {

constexpr double kMsMax = 3'600'000;  // no estimate is longer than an hour
constexpr double kLoadMax = 100;
constexpr std::int64_t kBytesMax = std::int64_t{1} << 54;  // of a need: sums of them fit

// `value` within the bounds; what is not a number is the worst that it can be.
double bounded(double value, double max) {
  return std::isnan(value) ? max : std::clamp(value, 0.0, max);
}

Estimate estimate(const Call& call, const Candidate& candidate, const Costs& costs, Place& place) {
  Estimate result;
  if (!candidate.here) {
    result.hand_off_ms =
        bounded(costs.hand_off_ms, kMsMax) + bounded(candidate.distance_ms, kMsMax);
  }
  if (place.room == Room::kFull) {
    result.turn_ms = bounded(candidate.turn_ms.value_or(costs.turn_ms), kMsMax);
  }
  const double starts[] = {costs.warm_ms, costs.prewarmed_ms, costs.cold_ms};
  result.container_ms = bounded(starts[static_cast<std::size_t>(place.container)], kMsMax);
  result.busy_ms = bounded(costs.busy_ms * bounded(candidate.load, kLoadMax), kMsMax);
  for (std::size_t i = 0; i < call.needs.size(); ++i) {
    const std::int64_t bytes = std::clamp<std::int64_t>(call.needs[i].bytes, 0, kBytesMax);
    const std::int64_t said = i < candidate.local_bytes.size() ? candidate.local_bytes[i] : 0;
    const std::int64_t local = std::clamp<std::int64_t>(said, 0, bytes);
    place.bytes_local += local;
    place.bytes_remote += bytes - local;
    if (local == bytes) continue;
    const Costs::Bringing& way = costs.bringing[static_cast<std::size_t>(call.needs[i].kind)];
    const double carried = static_cast<double>(bytes - local) / std::max(way.bytes_per_ms, 1e-6);
    result.bringing_ms = bounded(result.bringing_ms + way.start_ms + carried, kMsMax);
  }
  return result;
}

ContainerState container_of(const Candidate& candidate, Room room) {
  if (candidate.warm > 0) return ContainerState::kWarm;
  if (room == Room::kFull && candidate.busy > 0) return ContainerState::kWarm;
  return candidate.prewarmed > 0 ? ContainerState::kPrewarmed : ContainerState::kCold;
}

Place judged(const Call& call, const Candidate& candidate, const Costs& costs) {
  Place place{.node = candidate.node, .here = candidate.here, .estimate = {}};
  // A warm container has its memory already.
  const bool fits = candidate.warm > 0 || candidate.free_memory_mb >= call.memory_mb;
  place.room = fits ? Room::kFree : Room::kFull;
  place.container = container_of(candidate, place.room);
  place.estimate = estimate(call, candidate, costs, place);
  return place;
}

// The key's node is the one with the highest weight that others do not have to make up for.
void mark_place_of_key(const Call& call, const std::vector<Candidate>& candidates,
                       std::vector<Place>& places) {
  if (call.key.empty() || places.empty()) return;
  double sum = 0;
  for (const Candidate& one : candidates) sum += bounded(one.load, kLoadMax);
  const double bound =
      key_load_max(call.mean_load.value_or(sum / static_cast<double>(candidates.size())));
  const std::uint64_t key = key_hash(call.key);
  Place* best = nullptr;
  std::uint64_t weight_max = 0;
  for (std::size_t i = 0; i < places.size(); ++i) {
    if (bounded(candidates[i].load, kLoadMax) > bound) continue;
    const std::uint64_t weight = key_weight(key, places[i].node);
    if (best != nullptr && weight <= weight_max) continue;
    best = &places[i];
    weight_max = weight;
  }
  if (best != nullptr) best->of_key = true;
}

bool can_take(const Place& place) { return place.room == Room::kFree || place.here; }

// Ties go to this node, then to the lower id, so that an order is never a matter of chance.
bool comes_before(const Place& a, const Place& b) {
  if (can_take(a) != can_take(b)) return can_take(a);
  if (a.of_key != b.of_key) return a.of_key;
  if (a.estimate.total_ms() != b.estimate.total_ms()) {
    return a.estimate.total_ms() < b.estimate.total_ms();
  }
  if (a.here != b.here) return a.here;
  return a.node < b.node;
}

// The full place that is worth a wait, if any: the key's, or the one that is sooner done than the
// best of the others.
const Place* worth_waiting(const std::vector<Place>& order) {
  const Place& first = order.front();
  const Place* best = nullptr;
  for (const Place& place : order) {
    if (place.room != Room::kFull) continue;
    if (place.of_key) return &place;
    if (best == nullptr || place.estimate.total_ms() < best->estimate.total_ms()) best = &place;
  }
  if (first.of_key && first.room == Room::kFree) return nullptr;
  if (best != nullptr && best->estimate.total_ms() > first.estimate.total_ms()) return nullptr;
  return best;
}

}  // namespace

std::uint64_t key_hash(std::string_view key) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;  // FNV-1a
  for (const char c : key) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  }
  return hash;
}

// Mixed well: keys and nodes that are close differ in few bits.
std::uint64_t key_weight(std::uint64_t key_hash, int node) {
  std::uint64_t hash =
      key_hash +
      (static_cast<std::uint64_t>(static_cast<std::uint32_t>(node)) + 1) * 0x9e3779b97f4a7c15ULL;
  hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9ULL;
  hash = (hash ^ (hash >> 27)) * 0x94d049bb133111ebULL;
  return hash ^ (hash >> 31);
}

std::uint64_t key_weight(std::string_view key, int node) { return key_weight(key_hash(key), node); }

double key_load_max(double mean_load) {
  return std::max(kKeyLoadFree, kKeyLoadBound * bounded(mean_load, kLoadMax));
}

Ranking rank(const Call& call, const std::vector<Candidate>& candidates, const Costs& costs,
             base::Instant now) {
  Ranking ranking;
  ranking.order.reserve(candidates.size());
  for (const Candidate& one : candidates) ranking.order.push_back(judged(call, one, costs));
  mark_place_of_key(call, candidates, ranking.order);
  std::ranges::sort(ranking.order, comes_before);
  if (ranking.order.empty() || now >= call.wait_until) return ranking;
  if (const Place* better = worth_waiting(ranking.order)) {
    ranking.verdict = Verdict::kWait;
    ranking.waits_for = *better;
  }
  return ranking;
}

}  // namespace hints
