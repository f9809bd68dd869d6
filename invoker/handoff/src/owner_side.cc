#include "invoker_handoff/owner_side.h"

#include <algorithm>

#include "base/check.h"

namespace invoker_handoff {
namespace {

// Of looks at one that is under way: each twice as late as the one before.
constexpr milliseconds kAskPauseMax{15'000};

}  // namespace

OwnerCommands OwnerSide::peer_up(const Life& life, base::Instant now) {
  Peer& peer = peers_[life.name];
  peer.up = true;
  peer.late = peer.not_started = 0;
  if (peer.incarnation != life.incarnation) peer.seen_at.reset();
  peer.incarnation = life.incarnation;
  std::vector<Ticket> mine;
  for (const auto& [ticket, entry] : entries_) {
    if (entry.peer == life.name) mine.push_back(ticket);
  }
  for (const Ticket ticket : mine) {
    Entry& entry = entries_.at(ticket);
    if (!entry.committed) {
      come_back(ticket, Return::kLinkLost);  // what was said before was said to the last link
    } else if (entry.incarnation != life.incarnation) {
      lose(ticket, "its executor was started anew", now);
    } else {
      entry.asked = 0;
      ask(ticket, entry, now);
    }
  }
  return take();
}

OwnerCommands OwnerSide::peer_down(const std::string& name, base::Instant now) {
  Peer& peer = peers_[name];
  peer.up = false;
  std::vector<Ticket> offered;
  for (auto& [ticket, entry] : entries_) {
    if (entry.peer != name) continue;
    if (entry.committed) {
      set_due(ticket, entry, std::min(now + config_.silence, entry.give_up));
    } else {
      offered.push_back(ticket);
    }
  }
  for (const Ticket ticket : offered) come_back(ticket, Return::kLinkLost);
  return take();
}

void OwnerSide::peer_seen(const Life& life, base::Instant now) {
  const auto peer = peers_.find(life.name);
  if (peer != peers_.end() && peer->second.incarnation == life.incarnation) {
    peer->second.seen_at = now;
  }
}

bool OwnerSide::takes_offers(const std::string& name, base::Instant now) const {
  const auto peer = peers_.find(name);
  return peer != peers_.end() && peer->second.up && now >= peer->second.avoided_until &&
         peer->second.outstanding < config_.outstanding_max;
}

OwnerCommands OwnerSide::offer(Ticket ticket, const std::string& name, base::Instant give_up,
                               base::Instant now) {
  CHECK(!entries_.contains(ticket));
  if (!takes_offers(name, now)) {
    ++stats_.returned[static_cast<std::size_t>(Return::kNotOffered)];
    return {to_do::Returned{ticket, Return::kNotOffered}};
  }
  Peer& peer = peers_.at(name);
  ++peer.outstanding;
  ++stats_.offers;
  Entry& entry = entries_[ticket];
  entry.peer = name;
  entry.incarnation = peer.incarnation;
  entry.give_up = give_up;
  set_due(ticket, entry, now + config_.budget);
  commands_.emplace_back(to_do::SendOffer{name, ticket});
  return take();
}

OwnerCommands OwnerSide::answered(const std::string& name, Ticket ticket,
                                  std::optional<Refusal> refusal, base::Instant now) {
  Entry* entry = find(name, ticket);
  if (entry == nullptr) {
    ++stats_.late_answers;
    if (!refusal) commands_.emplace_back(to_do::SendWithdraw{name, ticket});
    return take();
  }
  if (entry->committed) return {};
  peers_.at(name).late = 0;
  if (refusal) {
    ++stats_.refused[static_cast<std::size_t>(*refusal)];
    come_back(ticket, Return::kRefused);
    return take();
  }
  const auto left = std::chrono::duration_cast<milliseconds>(entry->give_up - now);
  if (left <= milliseconds(0)) {
    commands_.emplace_back(to_do::SendWithdraw{name, ticket});
    come_back(ticket, Return::kLate);
    return take();
  }
  entry->committed = true;
  entry->start_by = now + std::min(config_.start_within, left);
  entry->pause = config_.ask_pause;
  set_due(ticket, *entry, std::min(now + entry->pause, entry->start_by));
  ++stats_.committed;
  commands_.emplace_back(to_do::SendCommit{name, ticket, std::min(config_.start_within, left)});
  return take();
}

OwnerCommands OwnerSide::not_started(const std::string& name, Ticket ticket, Refusal reason,
                                     base::Instant now) {
  const Entry* entry = find(name, ticket);
  if (entry == nullptr || !entry->committed) return {};
  Peer& peer = peers_.at(name);
  ++stats_.refused[static_cast<std::size_t>(reason)];
  if (++peer.not_started >= config_.not_started_max) {
    peer.not_started = 0;
    peer.avoided_until = now + config_.avoid_unreliable;
  }
  come_back(ticket, Return::kNotStarted);
  return take();
}

OwnerCommands OwnerSide::underway(const std::string& name, Ticket ticket, base::Instant now) {
  Entry* entry = find(name, ticket);
  if (entry == nullptr || !entry->committed) return {};
  entry->asked = 0;
  entry->pause = std::min(2 * entry->pause, kAskPauseMax);
  base::Instant due = std::min(now + entry->pause, entry->give_up);
  if (now < entry->start_by) due = std::min(due, entry->start_by);
  set_due(ticket, *entry, due);
  return {};
}

OwnerCommands OwnerSide::done(const std::string& name, Ticket ticket, base::Instant) {
  const Entry* entry = find(name, ticket);
  if (entry == nullptr || !entry->committed) return {};
  peers_.at(name).not_started = 0;
  ++stats_.done;
  end(ticket);
  commands_.emplace_back(to_do::Finished{ticket});
  return take();
}

OwnerCommands OwnerSide::tick(base::Instant now) {
  while (!due_.empty() && due_.begin()->first <= now) look_at(due_.begin()->second, now);
  return take();
}

std::optional<base::Instant> OwnerSide::next_deadline() const {
  if (due_.empty()) return std::nullopt;
  return due_.begin()->first;
}

OwnerStats OwnerSide::stats() const {
  OwnerStats stats = stats_;
  stats.outstanding = entries_.size();
  return stats;
}

void OwnerSide::look_at(Ticket ticket, base::Instant now) {
  Entry& entry = entries_.at(ticket);
  Peer& peer = peers_.at(entry.peer);
  if (!entry.committed) {
    if (++peer.late >= config_.late_max) {
      peer.late = 0;
      peer.avoided_until = now + config_.avoid_unreliable;
    }
    commands_.emplace_back(to_do::SendWithdraw{entry.peer, ticket});
    return come_back(ticket, Return::kLate);
  }
  const bool seen = is_seen(peer, entry, now);
  if (now >= entry.give_up) {
    if (!seen) return lose(ticket, "its executor did not end it in time", now);
    // It lives and is merely out of reach; whatever became of it, it has told the controller.
    end(ticket);
    commands_.emplace_back(to_do::Finished{ticket});
    return;
  }
  if (!peer.up) {
    if (!seen) return lose(ticket, "its executor cannot be reached", now);
    return set_due(ticket, entry, std::min(now + config_.ask_pause, entry.give_up));
  }
  if (entry.asked >= config_.asks_max) {
    return lose(ticket, "its executor does not answer", now);
  }
  ask(ticket, entry, now);
}

bool OwnerSide::is_seen(const Peer& peer, const Entry& entry, base::Instant now) const {
  return !peer.up && peer.incarnation == entry.incarnation && peer.seen_at &&
         now - *peer.seen_at < config_.seen_fresh;
}

void OwnerSide::ask(Ticket ticket, Entry& entry, base::Instant now) {
  ++entry.asked;
  set_due(ticket, entry, std::min(now + config_.ask_pause, entry.give_up));
  commands_.emplace_back(to_do::SendAsk{entry.peer, ticket, now >= entry.start_by});
}

OwnerSide::Entry* OwnerSide::find(const std::string& name, Ticket ticket) {
  const auto found = entries_.find(ticket);
  if (found == entries_.end() || found->second.peer != name) return nullptr;
  // A life that has begun since knows nothing of it.
  if (found->second.incarnation != peers_.at(name).incarnation) return nullptr;
  return &found->second;
}

void OwnerSide::set_due(Ticket ticket, Entry& entry, base::Instant due) {
  due_.erase({entry.due, ticket});
  entry.due = due;
  due_.emplace(due, ticket);
}

void OwnerSide::end(Ticket ticket) {
  const auto entry = entries_.find(ticket);
  due_.erase({entry->second.due, ticket});
  --peers_.at(entry->second.peer).outstanding;
  entries_.erase(entry);
}

void OwnerSide::come_back(Ticket ticket, Return why) {
  end(ticket);
  ++stats_.returned[static_cast<std::size_t>(why)];
  commands_.emplace_back(to_do::Returned{ticket, why});
}

void OwnerSide::lose(Ticket ticket, const std::string& why, base::Instant now) {
  const std::string peer = entries_.at(ticket).peer;
  end(ticket);
  ++stats_.lost;
  peers_.at(peer).avoided_until = now + config_.avoid_lost;
  commands_.emplace_back(to_do::Lost{ticket, peer, why});
}

}  // namespace invoker_handoff
