#include "node.h"

#include <algorithm>

namespace locality_simulation {

using invoker_locality::NodeCard;
using invoker_locality::OwnState;
using invoker_locality::PacerConfig;
using invoker_locality::PlacementConfig;
using invoker_locality::PrefixBytes;
using invoker_locality::VolumeBytes;

namespace {

PlacementConfig placement_config(const Config& config, int id) {
  PlacementConfig result;
  result.own_instance = id;
  result.costs.cold_ms = config.cold_ms;
  result.costs.hand_off_ms = config.hand_off_ms;
  result.costs.bringing[0] = {0, config.link_mib_per_ms * static_cast<double>(kMiB)};
  return result;
}

}  // namespace

Node::Node(const Config& config, int id, const Workload& workload)
    : placement(placement_config(config, id)),
      pacer(PacerConfig{}),
      config_(config),
      id_(id),
      workload_(workload) {}

bool Node::has_room() const { return busy_ < config_.slots; }

void Node::count_use(double now_ms) {
  used_ms += busy_ * (now_ms - used_since_ms);
  used_since_ms = now_ms;
}

void Node::begin_measuring(double now_ms) {
  used_ms = 0;
  used_since_ms = now_ms;
}

// Idle containers fill what calls leave; the oldest one goes where a new one is made.
double Node::take(const SimulatedCall& call) {
  ++busy_;
  ++running_[call.action];
  const auto warm = warm_.find(call.action);
  if (warm != warm_.end()) {
    if (--warm->second == 0) warm_.erase(warm);
    warm_order_.erase(std::ranges::find(warm_order_, call.action));
    --idle_;
    return 1;
  }
  if (busy_ + idle_ > config_.slots && idle_ > 0) {
    const auto oldest = warm_.find(warm_order_.back());
    if (--oldest->second == 0) warm_.erase(oldest);
    warm_order_.pop_back();
    --idle_;
  }
  return config_.cold_ms;
}

void Node::give_back(const SimulatedCall& call, double now_ms) {
  --busy_;
  if (--running_[call.action] == 0) running_.erase(call.action);
  ++idle_;
  ++warm_[call.action];
  warm_order_.push_front(call.action);
  const double turn = now_ms - last_end_ms_;
  turn_ms_ = turn_ms_ == 0 ? turn : turn_ms_ + 0.1 * (turn - turn_ms_);
  last_end_ms_ = now_ms;
}

std::int64_t Node::missing_bytes(int volume) const {
  return holds(volume) ? 0 : workload_.volumes()[static_cast<std::size_t>(volume)].bytes;
}

void Node::store(int volume, bool origin) {
  const auto known = held_.find(volume);
  if (known != held_.end()) {
    if (!known->second.origin) copies_.splice(copies_.begin(), copies_, known->second.recent);
    return;
  }
  Held& held = held_[volume];
  held.origin = origin;
  if (!origin) {
    copies_.push_front(volume);
    held.recent = copies_.begin();
    copied_bytes_ += workload_.volumes()[static_cast<std::size_t>(volume)].bytes;
  }
  const auto most = static_cast<std::int64_t>(config_.cache_gib * 1024 * static_cast<double>(kMiB));
  while (copied_bytes_ > most && copies_.size() > 1) {
    copied_bytes_ -= workload_.volumes()[static_cast<std::size_t>(copies_.back())].bytes;
    held_.erase(copies_.back());
    copies_.pop_back();
  }
  list_volumes();
}

void Node::list_volumes() {
  volumes_.clear();
  for (const auto& [volume, held] : held_) {
    const VolumeFacts& facts = workload_.volumes()[static_cast<std::size_t>(volume)];
    PrefixBytes all{.path = "",
                    .sealed = held.origin ? facts.bytes : 0,
                    .cached = held.origin ? 0 : facts.bytes};
    PrefixBytes year = all;
    year.path = "2024";
    year.rest = facts.bytes;
    volumes_.push_back({facts.name, {all, year}});
  }
  std::ranges::sort(volumes_, {}, &VolumeBytes::volume);
}

OwnState Node::own(const ActionFacts& action) const {
  OwnState own;
  own.free_memory_mb = (config_.slots - busy_) * kCallMb;
  const auto index = static_cast<int>(&action - workload_.actions().data());
  const auto warm = warm_.find(index);
  if (warm != warm_.end()) own.warm = warm->second;
  const auto busy = running_.find(index);
  if (busy != running_.end()) own.busy = busy->second;
  own.load = static_cast<double>(busy_ + static_cast<int>(queue.size())) / config_.slots;
  own.turn_ms = turn_ms_ * (1 + static_cast<double>(queue.size()));
  own.volumes = &volumes_;
  return own;
}

NodeCard Node::card() const {
  NodeCard card;
  card.life = {id_, 1};
  card.version = version_;
  card.name = "invoker" + std::to_string(id_);
  card.software = "1";
  card.address = "10.0.0.1";
  card.port = 1;
  card.numbers.memory_mb = config_.slots * kCallMb;
  card.numbers.free_memory_mb = (config_.slots - busy_) * kCallMb;
  card.numbers.guest_memory_mb = queue.empty() ? card.numbers.free_memory_mb : 0;
  card.numbers.load = static_cast<double>(busy_ + static_cast<int>(queue.size())) / config_.slots;
  card.numbers.turn_ms = turn_ms_;
  card.numbers.takes_guests = true;
  for (const auto& [action, idle] : warm_) {
    card.warm.push_back({workload_.actions()[static_cast<std::size_t>(action)].hash, idle});
  }
  card.volumes = volumes_;
  return card;
}

}  // namespace locality_simulation
