// Who holds what: kept by volume and by action, so that a decision does not look at every card.
#include <algorithm>

#include "invoker_locality/fleet_view.h"

namespace invoker_locality {
namespace {

// `most` of `all`, one after the other from a place that `salt` picks.
template <typename T>
std::vector<T> some_of(const std::vector<T>& all, std::size_t most, std::uint64_t salt) {
  if (all.size() <= most) return all;
  std::vector<T> some;
  some.reserve(most);
  for (std::size_t i = 0; i < most; ++i) some.push_back(all[(salt + i) % all.size()]);
  return some;
}

const PrefixBytes* find(const VolumeBytes& volume, std::string_view path) {
  const auto at = std::ranges::lower_bound(
      volume.prefixes, path, {}, [](const PrefixBytes& one) { return std::string_view(one.path); });
  return at != volume.prefixes.end() && at->path == path ? &*at : nullptr;
}

}  // namespace

void FleetView::index(const Peer& peer) {
  const int instance = peer.card.life.instance;
  for (std::size_t i = 0; i < peer.card.volumes.size(); ++i) {
    holders_[peer.card.volumes[i].volume].push_back({instance, i});
  }
  for (const WarmContainers& one : peer.card.warm) {
    if (one.idle > 0) warm_[one.action].push_back(instance);
  }
  load_sum_ += peer.card.numbers.load;
  ++load_count_;
}

void FleetView::unindex(const Peer& peer) {
  const int instance = peer.card.life.instance;
  for (const VolumeBytes& one : peer.card.volumes) {
    const auto at = holders_.find(one.volume);
    if (at == holders_.end()) continue;
    std::erase_if(at->second, [&](const Holder& holder) { return holder.instance == instance; });
    if (at->second.empty()) holders_.erase(at);
  }
  for (const WarmContainers& one : peer.card.warm) {
    const auto at = warm_.find(one.action);
    if (at == warm_.end()) continue;
    std::erase(at->second, instance);
    if (at->second.empty()) warm_.erase(at);
  }
  if (!peer.indexed || load_count_ == 0) return;
  load_sum_ -= peer.card.numbers.load;
  --load_count_;
}

std::vector<FleetView::Holder> FleetView::holders(const std::string& volume, std::size_t most,
                                                  std::uint64_t salt) const {
  const auto at = holders_.find(volume);
  return at == holders_.end() ? std::vector<Holder>() : some_of(at->second, most, salt);
}

std::vector<int> FleetView::with_warm(std::uint64_t action, std::size_t most,
                                      std::uint64_t salt) const {
  const auto at = warm_.find(action);
  return at == warm_.end() ? std::vector<int>() : some_of(at->second, most, salt);
}

std::vector<int> FleetView::of_key(std::string_view key, std::size_t most, double own_load,
                                   base::Instant now) const {
  const std::uint64_t hash = hints::key_hash(key);
  const double bound = hints::key_load_max(mean_load());
  std::vector<std::pair<std::uint64_t, int>> weights;
  weights.reserve(peers_.size() + 1);
  if (own_load <= bound) {
    weights.emplace_back(hints::key_weight(hash, config_.own_instance), config_.own_instance);
  }
  for (const Peer& peer : peers_) {
    if (peer.load() > bound || !usable(peer, now)) continue;
    weights.emplace_back(hints::key_weight(hash, peer.card.life.instance), peer.card.life.instance);
  }
  const std::size_t count = std::min(most, weights.size());
  std::ranges::partial_sort(weights, weights.begin() + static_cast<std::ptrdiff_t>(count),
                            std::greater<>());
  std::vector<int> result(count);
  for (std::size_t i = 0; i < count; ++i) result[i] = weights[i].second;
  return result;
}

std::int64_t bytes_below(const VolumeBytes& volume, std::string_view path) {
  if (const PrefixBytes* prefix = find(volume, path)) return prefix->total();
  while (!path.empty()) {
    const std::size_t slash = path.rfind('/');
    path = slash == path.npos ? std::string_view() : path.substr(0, slash);
    if (const PrefixBytes* prefix = find(volume, path)) return prefix->rest;
  }
  return 0;
}

}  // namespace invoker_locality
