#include "invoker_locality/placement.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace invoker_locality {
namespace {

constexpr double kWeight = 0.2;  // of a new measurement
constexpr double kMsMax = 600'000;
constexpr std::int64_t kMeasuredBytesMin = 1 << 20;  // less tells of latency, not of speed

void learn(double& known, double value) {
  if (!(value >= 0) || value > kMsMax) return;
  known = known <= 0 ? value : known + kWeight * (value - known);
}

const VolumeBytes* find(const std::vector<VolumeBytes>* volumes, const std::string& name) {
  if (volumes == nullptr) return nullptr;
  const auto at = std::ranges::lower_bound(*volumes, name, {}, &VolumeBytes::volume);
  return at != volumes->end() && at->volume == name ? &*at : nullptr;
}

std::int64_t bytes_of(const std::vector<ResidentThing>* things, hints::ResidentKind kind,
                      const std::string& name) {
  if (things == nullptr) return 0;
  std::int64_t most = 0;
  for (const ResidentThing& thing : *things) {
    if (thing.kind == kind && (name.empty() || thing.name == name)) {
      most = std::max(most, thing.bytes);
    }
  }
  return most;
}

}  // namespace

// One thing that the call needs.
struct Placement::Found {
  struct Files {
    std::string volume;  // "guest/photos"
    std::string path;
    std::int64_t read = 0;  // what is read of it, where that is known; 0: all of it
    double share = 1;       // of what is there that counts
    std::int64_t most = 0;  // that any node holds
    std::vector<FleetView::Holder> holders;

    std::int64_t bytes(std::int64_t bytes_max) const {
      if (read > 0) return read;
      const auto counted = static_cast<std::int64_t>(static_cast<double>(most) * share);
      return share < 1 ? std::min(counted, bytes_max) : counted;
    }
    // Of bytes(), what is where so much is held: the same part as of the fullest node.
    std::int64_t local(std::int64_t held, std::int64_t bytes) const {
      if (most <= 0) return 0;
      const double part = static_cast<double>(held) / static_cast<double>(most);
      return static_cast<std::int64_t>(static_cast<double>(bytes) * std::min(part, 1.0));
    }
  };
  std::vector<Files> files;
  std::string key;
  std::string gpu;  // the device's name, "" for any
  bool wants_gpu = false;

  bool nothing() const { return files.empty() && key.empty() && !wants_gpu; }
  Files& add(std::string volume, std::string path) {
    return files.emplace_back(Files{std::move(volume), std::move(path), 0, 1, 0, {}});
  }
};

namespace {

// A volume that was named with its owner is that; else it is of who invokes.
std::string volume_name(const hints::Volume& volume, const std::string& namespace_name) {
  return volume.owner.value_or(namespace_name) + "/" + volume.name;
}

}  // namespace

// What is said counts; where nothing is said, what the last runs read; where nothing is known, the
// volumes that the action attaches, a little.
Placement::Found Placement::needs_of(const Ask& ask, const FleetView& view, base::Instant now,
                                     const OwnState& own) const {
  Found found;
  const hints::Hints& hints = *ask.hints;
  if (hints.locality) {
    for (const std::string& read : hints.locality->reads) {
      const std::string known = known_part(read, ask.content);
      if (known.empty()) continue;
      const std::size_t slash = std::min(known.find('/'), known.size());
      found.add(ask.namespace_name + "/" + known.substr(0, slash),
                slash < known.size() ? known.substr(slash + 1) : "");
    }
    if (hints.locality->key) found.key = filled_key(*hints.locality->key, ask.content);
    if (!found.key.empty()) found.key = ask.namespace_name + "/" + found.key;
  }
  if (found.files.empty()) {
    for (const VolumeRead& read : history_.expected(ask.action, now)) {
      found.add(read.volume, "").read = read.bytes;
    }
  }
  if (found.files.empty()) {
    for (const hints::Volume& volume : hints.volumes) {
      found.add(volume_name(volume, ask.namespace_name), "").share = config_.weak_share;
    }
  }
  if (hints.gpu && hints.gpu->count > 0) {
    found.wants_gpu = true;
    if (hints.gpu->device == hints::GpuDevice::kCuda) found.gpu = "cuda";
    if (hints.gpu->device == hints::GpuDevice::kHost) found.gpu = "host";
  }
  const std::uint64_t salt = hints::key_hash(ask.activation_id);
  for (Found::Files& files : found.files) {
    files.holders = view.holders(files.volume, config_.holders_max, salt);
    for (const FleetView::Holder& holder : files.holders) {
      const Peer& peer = *view.find(holder.instance);
      if (!view.usable(peer, now)) continue;
      files.most = std::max(files.most, bytes_below(peer.card.volumes[holder.volume], files.path));
    }
    if (const VolumeBytes* volume = find(own.volumes, files.volume)) {
      files.most = std::max(files.most, bytes_below(*volume, files.path));
    }
  }
  std::erase_if(found.files, [](const Found::Files& files) { return files.most <= 0; });
  return found;
}

// Those that have something that the call can use, and a few at random.
std::vector<int> Placement::nodes_of(const Ask& ask, const Found& found, const OwnState& own,
                                     const FleetView& view, base::Instant now) const {
  std::vector<int> nodes;
  const auto add = [&](int instance) {
    const Peer* peer = instance == config_.own_instance ? nullptr : view.find(instance);
    if (peer != nullptr && view.usable(*peer, now)) nodes.push_back(instance);
  };
  const std::uint64_t salt = hints::key_hash(ask.activation_id);
  for (const Found::Files& files : found.files) {
    for (const FleetView::Holder& holder : files.holders) add(holder.instance);
  }
  if (!found.key.empty()) {
    for (const int node : view.of_key(found.key, config_.key_max, own.load, now)) add(node);
  }
  for (const int node : view.with_warm(ask.warm_action, config_.warm_max, salt)) add(node);
  const auto& peers = view.peers();
  for (std::size_t i = 0; i < config_.random_max && !peers.empty(); ++i) {
    const std::uint64_t pick = hints::key_weight(salt, static_cast<int>(i)) % peers.size();
    add(peers[pick].card.life.instance);
  }
  std::ranges::sort(nodes);
  const auto same = std::ranges::unique(nodes);
  nodes.erase(same.begin(), same.end());
  return nodes;
}

namespace {

hints::Candidate candidate_of(const Peer& peer, const Ask& ask) {
  hints::Candidate candidate;
  candidate.node = peer.card.life.instance;
  candidate.free_memory_mb = peer.guest_memory_mb();
  candidate.load = peer.load();
  if (peer.card.numbers.turn_ms > 0) candidate.turn_ms = peer.card.numbers.turn_ms;
  for (const WarmContainers& one : peer.card.warm) {
    // What was given to it since has probably taken them.
    if (one.action == ask.warm_action && peer.handed_mb == 0) candidate.warm = one.idle;
  }
  for (const PrewarmedContainers& one : peer.card.prewarmed) {
    if (one.kind == ask.kind && one.memory_mb == ask.memory_mb) candidate.prewarmed = one.idle;
  }
  return candidate;
}

hints::Candidate own_candidate(int instance, const OwnState& own) {
  hints::Candidate candidate;
  candidate.node = instance;
  candidate.here = true;
  candidate.free_memory_mb = own.free_memory_mb;
  candidate.warm = own.warm;
  candidate.busy = own.busy;
  candidate.prewarmed = own.prewarmed;
  candidate.load = own.load;
  if (own.turn_ms > 0) candidate.turn_ms = own.turn_ms;
  return candidate;
}

bool has_room(const Ask& ask, const OwnState& own) {
  return own.warm > 0 || own.free_memory_mb >= ask.memory_mb;
}

}  // namespace

hints::Call Placement::call_of(const Ask& ask, const Found& found, const FleetView& view) const {
  hints::Call call;
  call.memory_mb = ask.memory_mb;
  call.key = found.key;
  call.mean_load = view.mean_load();
  if (ask.hints->locality) call.wait_until = ask.accepted + ask.hints->locality->wait;
  for (const Found::Files& files : found.files) {
    // For people the volume is "photos": whose it is they know.
    std::string name = files.volume.substr(files.volume.find('/') + 1);
    if (!files.path.empty()) name.append(1, '/').append(files.path);
    call.needs.push_back(
        {hints::ResidentKind::kFiles, std::move(name), files.bytes(config_.weak_bytes_max)});
  }
  if (found.wants_gpu) {
    call.needs.push_back({hints::ResidentKind::kGpu, found.gpu.empty() ? "a GPU" : found.gpu,
                          std::max<std::int64_t>(ask.hints->gpu->memory_bytes.value_or(1), 1)});
  }
  return call;
}

std::vector<hints::Candidate> Placement::candidates_of(const Ask& ask, const Found& found,
                                                       const OwnState& own, const FleetView& view,
                                                       base::Instant now,
                                                       const hints::Call& call) const {
  std::vector<hints::Candidate> candidates = {own_candidate(config_.own_instance, own)};
  for (const int node : nodes_of(ask, found, own, view, now)) {
    candidates.push_back(candidate_of(*view.find(node), ask));
  }
  for (hints::Candidate& candidate : candidates) {
    const Peer* peer = candidate.here ? nullptr : view.find(candidate.node);
    const auto* volumes = candidate.here ? own.volumes : &peer->card.volumes;
    for (std::size_t i = 0; i < found.files.size(); ++i) {
      const VolumeBytes* volume = find(volumes, found.files[i].volume);
      const std::int64_t held = volume == nullptr ? 0 : bytes_below(*volume, found.files[i].path);
      candidate.local_bytes.push_back(found.files[i].local(held, call.needs[i].bytes));
    }
    if (!found.wants_gpu) continue;
    const auto* things = candidate.here ? own.things : &peer->card.things;
    candidate.local_bytes.push_back(bytes_of(things, hints::ResidentKind::kGpu, found.gpu));
  }
  return candidates;
}

// The view may be half a second old: who waits for a peer asks that itself.
void Placement::wait(Decision& decision, base::Instant now) const {
  const hints::Place& better = *decision.ranking.waits_for;
  decision.where = Where::kWait;
  decision.wait_until = decision.call.wait_until;
  const auto turn = milliseconds(static_cast<std::int64_t>(better.estimate.turn_ms));
  decision.again_at =
      std::min(now + std::clamp(turn, config_.look_min, config_.look_max), decision.wait_until);
  if (!better.here) decision.peers.push_back(better.node);
}

void Placement::choose(Decision& decision) const {
  const auto& order = decision.ranking.order;
  const double here_ms = std::ranges::find(order, true, &hints::Place::here)->estimate.total_ms();
  for (const hints::Place& place : order) {
    const bool wins = place.of_key || place.estimate.total_ms() + config_.gain_ms_min <= here_ms;
    if (place.here || place.room == hints::Room::kFull || !wins) break;
    decision.peers.push_back(place.node);
  }
  if (decision.peers.empty()) return;
  decision.where = Where::kPeer;
  decision.has_reasons = true;
}

Decision Placement::decide(const Ask& ask, const OwnState& own, const FleetView& view,
                           base::Instant now) const {
  Decision decision;
  if (!ask.may_move) return decision;
  const Found found = needs_of(ask, view, now, own);
  // Nothing can be won: the usual case of a platform without files costs next to nothing.
  if (found.nothing() && has_room(ask, own)) return decision;
  decision.has_reasons = !found.nothing();
  decision.call = call_of(ask, found, view);
  decision.candidates = candidates_of(ask, found, own, view, now, decision.call);
  decision.ranking = hints::rank(decision.call, decision.candidates, costs(ask.kind), now);
  if (decision.ranking.verdict == hints::Verdict::kWait) {
    wait(decision, now);
  } else {
    choose(decision);
  }
  return decision;
}

Placement::Starts& Placement::starts(const std::string& kind) {
  if (starts_.size() >= config_.kinds_max && !starts_.contains(kind)) starts_.clear();
  const hints::Costs& costs = config_.costs;
  return starts_.try_emplace(kind, Starts{costs.warm_ms, costs.prewarmed_ms, costs.cold_ms})
      .first->second;
}

void Placement::measured_start(const std::string& kind, hints::ContainerState state, double ms) {
  Starts& known = starts(kind);
  switch (state) {
    case hints::ContainerState::kWarm:
      return learn(known.warm_ms, ms);
    case hints::ContainerState::kPrewarmed:
      return learn(known.prewarmed_ms, ms);
    case hints::ContainerState::kCold:
      return learn(known.cold_ms, ms);
  }
}

void Placement::measured_hand_off(double ms) { learn(hand_off_ms_, ms); }

void Placement::measured_bringing(hints::ResidentKind kind, std::int64_t bytes, double ms) {
  if (bytes < kMeasuredBytesMin || !(ms > 0)) return;
  double& known = bytes_per_ms_[static_cast<std::size_t>(kind)];
  const double speed = static_cast<double>(bytes) / ms;
  known = known <= 0 ? speed : known + kWeight * (speed - known);
}

hints::Costs Placement::costs(const std::string& kind) const {
  hints::Costs costs = config_.costs;
  if (const auto at = starts_.find(kind); at != starts_.end()) {
    costs.warm_ms = at->second.warm_ms;
    costs.prewarmed_ms = at->second.prewarmed_ms;
    costs.cold_ms = at->second.cold_ms;
  }
  if (hand_off_ms_ > 0) costs.hand_off_ms = hand_off_ms_;
  for (std::size_t i = 0; i < bytes_per_ms_.size(); ++i) {
    if (bytes_per_ms_[i] > 0) costs.bringing[i].bytes_per_ms = bytes_per_ms_[i];
  }
  return costs;
}

}  // namespace invoker_locality
