#include "invoker_locality/fleet_view.h"

#include <algorithm>
#include <utility>

namespace invoker_locality {

std::int64_t Peer::guest_memory_mb() const {
  return std::max<std::int64_t>(card.numbers.guest_memory_mb - handed_mb, 0);
}

double Peer::load() const {
  const auto memory = static_cast<double>(std::max<std::int64_t>(card.numbers.memory_mb, 1));
  return card.numbers.load + static_cast<double>(handed_mb) / memory;
}

const Peer* FleetView::find(int instance) const {
  const auto at = at_.find(instance);
  return at == at_.end() ? nullptr : &peers_[at->second];
}

Peer* FleetView::known(int instance) { return const_cast<Peer*>(find(instance)); }

// Nothing where there are too many: somebody invents nodes.
Peer* FleetView::place_for(const NodeLife& life, base::Instant now) {
  if (Peer* peer = known(life.instance)) return peer;
  if (peers_.size() >= config_.nodes_max) {
    ++stats_.refused;
    return nullptr;
  }
  at_[life.instance] = peers_.size();
  Peer& peer = peers_.emplace_back();
  peer.card.life = life;
  peer.heard = peer.card_at = now;
  return &peer;
}

// Of two lives under one id the one that is heard later is the node, since no number can tell. One
// that was already replaced and speaks again makes both doubtful.
bool FleetView::is_news(Peer& peer, const NodeLife& life, std::uint64_t version,
                        base::Instant now) {
  if (peer.card.life == life) {
    if (version > peer.card.version) return true;
    ++stats_.stale;
    return false;
  }
  ++stats_.replaced;
  if (peer.former == life.incarnation) peer.contested_until = now + config_.contested_for;
  peer.former = peer.card.life.incarnation;
  return true;
}

void FleetView::heard(Peer& peer, Era era, base::Instant now) {
  peer.heard = now;
  peer.heard_now = peer.heard_now || era == Era::kNow;
  peer.handed_mb = 0;
}

void FleetView::hear(NodeCard card, std::size_t bytes, Era era, base::Instant now) {
  stats_.bytes += bytes;
  if (card.life.instance == config_.own_instance) {
    ++stats_.own;
    return;
  }
  Peer* peer = place_for(card.life, now);
  if (peer == nullptr || !is_news(*peer, card.life, card.version, now)) return;
  ++stats_.cards;
  const bool other_life = !(peer->card.life == card.life);
  unindex(*peer);
  bytes_ = bytes_ - peer->card_bytes + bytes;
  peer->card = std::move(card);
  peer->card_bytes = bytes;
  peer->card_at = now;
  if (other_life) {
    peer->heard_now = false;
    peer->refusals = 0;
    peer->distrusted_until = {};
  }
  heard(*peer, era, now);
  index(*peer);
  peer->indexed = true;
}

void FleetView::hear(const NodePulse& pulse, std::size_t bytes, Era era, base::Instant now) {
  stats_.bytes += bytes;
  if (pulse.life.instance == config_.own_instance) {
    ++stats_.own;
    return;
  }
  Peer* peer = known(pulse.life.instance);
  if (peer == nullptr || !(peer->card.life == pulse.life)) {
    ++stats_.orphans;
    return;
  }
  if (!is_news(*peer, pulse.life, pulse.version, now)) return;
  ++stats_.pulses;
  load_sum_ += pulse.numbers.load - peer->card.numbers.load;
  peer->card.version = pulse.version;
  peer->card.next_within = pulse.next_within;
  peer->card.numbers = pulse.numbers;
  heard(*peer, era, now);
}

void FleetView::gone(int instance) {
  const auto at = at_.find(instance);
  if (at != at_.end()) drop(at->second);
}

void FleetView::drop(std::size_t at) {
  unindex(peers_[at]);
  bytes_ -= peers_[at].card_bytes;
  at_.erase(peers_[at].card.life.instance);
  if (at + 1 < peers_.size()) {
    peers_[at] = std::move(peers_.back());
    at_[peers_[at].card.life.instance] = at;
  }
  peers_.pop_back();
}

void FleetView::handed(int instance, std::int64_t memory_mb) {
  if (Peer* peer = known(instance)) peer->handed_mb += std::max<std::int64_t>(memory_mb, 0);
}

void FleetView::accepted(int instance) {
  if (Peer* peer = known(instance)) peer->refusals = 0;
}

// Being full is no lie, only late news: until it is heard again it has nothing to give. Who has
// nothing again and again, and says every time that it has, is not asked for a while.
void FleetView::refused(int instance, base::Instant now) {
  Peer* peer = known(instance);
  if (peer == nullptr) return;
  peer->handed_mb = std::max(peer->handed_mb, peer->card.numbers.guest_memory_mb);
  if (++peer->refusals < config_.refusals_max) return;
  const int doublings = std::min(peer->refusals - config_.refusals_max, 16);
  peer->distrusted_until =
      now + std::min<milliseconds>(config_.distrust * (1LL << doublings), config_.distrust_max);
}

void FleetView::tick(base::Instant now) {
  for (std::size_t at = peers_.size(); at > 0; --at) {
    if (now - peers_[at - 1].heard >= config_.forget_after) drop(at - 1);
  }
  load_sum_ = 0;
  load_count_ = 0;
  for (const Peer& peer : peers_) {
    if (standing(peer, now) == Standing::kLapsed) continue;
    load_sum_ += peer.card.numbers.load;
    ++load_count_;
  }
}

double FleetView::mean_load() const {
  return load_count_ == 0 ? 0 : std::max(load_sum_, 0.0) / static_cast<double>(load_count_);
}

}  // namespace invoker_locality
