#include "invoker_handoff/executor_side.h"

#include <algorithm>

namespace invoker_handoff {

ExecutorCommands ExecutorSide::peer_up(const Life& life, base::Instant now) {
  Peer& peer = peers_[life.name];
  if (peer.up) owner_left(life.name, false);
  if (peer.incarnation != life.incarnation) {
    owner_left(life.name, true);
    peer.incarnation = life.incarnation;
    peer.highest = 0;
    peer.guests = 0;
  }
  peer.up = true;
  std::vector<GuestId> orphans;
  for (const auto& [id, guest] : guests_) {
    if (guest.state == State::kOrphan && guest.owner == life) orphans.push_back(id);
  }
  for (const GuestId id : orphans) tell_not_started(id, guests_.at(id).reason, now);
  return take();
}

ExecutorCommands ExecutorSide::peer_down(const std::string& name, base::Instant) {
  const auto peer = peers_.find(name);
  if (peer == peers_.end() || !peer->second.up) return {};
  owner_left(name, false);
  peer->second.up = false;
  return take();
}

// What was reserved for it is free. For good: nobody is left who could run what was not begun.
void ExecutorSide::owner_left(const std::string& name, bool for_good) {
  std::vector<GuestId> reserved, orphans;
  for (const auto& [id, guest] : guests_) {
    if (guest.owner.name != name) continue;
    if (guest.state == State::kAsking || guest.state == State::kReserved) reserved.push_back(id);
    if (guest.state == State::kOrphan) orphans.push_back(id);
  }
  for (const GuestId id : reserved) drop(id, Refusal::kLapsed);
  if (!for_good) return;
  for (const GuestId id : orphans) set_due(id, guests_.at(id), base::Instant::min());
}

ExecutorCommands ExecutorSide::offered(const std::string& name, Ticket ticket, base::Instant now) {
  Peer* peer = speaker(name);
  // A ticket that is not new was answered; whoever says it again hears nothing.
  if (peer == nullptr || ticket <= peer->highest) return {};
  peer->highest = ticket;
  ++stats_.offers;
  if (stopping_) {
    refuse(name, ticket, Refusal::kStopping);
  } else if (guests_.size() >= config_.guests_max || peer->guests >= config_.guests_per_peer_max) {
    refuse(name, ticket, Refusal::kTooMany);
  } else {
    const GuestId id = ++last_guest_;
    Guest& guest = guests_[id];
    guest.owner = {name, peer->incarnation};
    guest.ticket = ticket;
    ++peer->guests;
    by_ticket_[{guest.owner, ticket}] = id;
    set_due(id, guest, now + config_.hold);
    commands_.emplace_back(to_do::Reserve{id});
  }
  return take();
}

ExecutorCommands ExecutorSide::reserved(GuestId id, std::optional<Refusal> refusal,
                                        base::Instant now) {
  const auto found = guests_.find(id);
  if (found == guests_.end() || found->second.state != State::kAsking) return {};
  Guest& guest = found->second;
  const std::string peer = guest.owner.name;
  const Ticket ticket = guest.ticket;
  if (refusal) {
    end(id, refusal);
    refuse(peer, ticket, *refusal);
    return take();
  }
  ++stats_.reserved;
  guest.state = State::kReserved;
  set_due(id, guest, now + config_.hold);
  commands_.emplace_back(to_do::SendAnswer{peer, ticket, std::nullopt});
  return take();
}

ExecutorCommands ExecutorSide::withdrawn(const std::string& name, Ticket ticket, base::Instant) {
  if (speaker(name) == nullptr) return {};
  GuestId id = 0;
  const Guest* guest = find(name, ticket, id);
  if (guest == nullptr) return {};
  if (guest->state == State::kAsking || guest->state == State::kReserved) {
    drop(id, Refusal::kTakenBack);
  }
  return take();
}

ExecutorCommands ExecutorSide::committed(const std::string& name, Ticket ticket,
                                         const std::string& activation_id,
                                         milliseconds start_within, base::Instant now) {
  Peer* peer = speaker(name);
  if (peer == nullptr) return {};
  GuestId id = 0;
  Guest* guest = find(name, ticket, id);
  if (guest == nullptr) {
    const Key key{{name, peer->incarnation}, ticket};
    peer->highest = std::max(peer->highest, ticket);
    if (!ended_.contains(key)) remember(key, Refusal::kLapsed);
    tell_ended(name, key);
    return take();
  }
  if (guest->state != State::kAsking && guest->state != State::kReserved) return {};
  // Our own clock counts: a process that stood still finds its reservations gone.
  if (guest->state == State::kAsking || now >= *guest->due) {
    drop(id, Refusal::kLapsed);
    commands_.emplace_back(to_do::SendNotStarted{name, ticket, Refusal::kLapsed});
    return take();
  }
  if (has_run(activation_id)) {
    ++stats_.repeated;
    commands_.emplace_back(to_do::Release{id});
    end(id, std::nullopt);
    commands_.emplace_back(to_do::SendDone{name, ticket});
    return take();
  }
  note_run(activation_id);
  ++stats_.begun;
  guest->state = State::kBegun;
  guest->activation_id = activation_id;
  set_due(id, *guest, now + std::min(start_within, config_.start_within));
  commands_.emplace_back(to_do::Begin{id});
  return take();
}

ExecutorCommands ExecutorSide::asked(const std::string& name, Ticket ticket, bool take_back,
                                     base::Instant) {
  Peer* peer = speaker(name);
  if (peer == nullptr) return {};
  GuestId id = 0;
  Guest* guest = find(name, ticket, id);
  if (guest == nullptr) {
    const Key key{{name, peer->incarnation}, ticket};
    if (ticket > peer->highest) {
      peer->highest = ticket;
      remember(key, Refusal::kLapsed);
    }
    tell_ended(name, key);
    return take();
  }
  if (!take_back) {
    commands_.emplace_back(to_do::SendUnderway{name, ticket});
  } else if (guest->state == State::kAsking || guest->state == State::kReserved) {
    drop(id, Refusal::kTakenBack);
    commands_.emplace_back(to_do::SendNotStarted{name, ticket, Refusal::kTakenBack});
  } else if (guest->state == State::kBegun) {
    guest->state = State::kLeaving;
    guest->for_owner = true;
    commands_.emplace_back(to_do::TakeOut{id});
  } else if (guest->state == State::kLeaving) {
    guest->for_owner = true;
  }
  return take();
}

// The answer to what was asked; one that was only looked at for its time says nothing.
ExecutorCommands ExecutorSide::taken_out(GuestId id, bool not_begun, base::Instant now) {
  const auto found = guests_.find(id);
  if (found == guests_.end() || found->second.state != State::kLeaving) return {};
  Guest& guest = found->second;
  guest.state = State::kBegun;
  if (not_begun) {
    tell_not_started(id, guest.for_owner ? Refusal::kTakenBack : Refusal::kTooLate, now);
  } else {
    set_due(id, guest, std::nullopt);  // it runs
    if (guest.for_owner && is_there(guest.owner)) {
      commands_.emplace_back(to_do::SendUnderway{guest.owner.name, guest.ticket});
    }
  }
  return take();
}

ExecutorCommands ExecutorSide::not_begun(GuestId id, Refusal reason, base::Instant now) {
  const auto found = guests_.find(id);
  if (found == guests_.end()) return {};
  if (found->second.state == State::kBegun || found->second.state == State::kLeaving) {
    tell_not_started(id, reason, now);
  }
  return take();
}

ExecutorCommands ExecutorSide::ended(GuestId id, base::Instant) {
  const auto found = guests_.find(id);
  if (found == guests_.end()) return {};
  ++stats_.done;
  const Life owner = found->second.owner;
  const Ticket ticket = found->second.ticket;
  end(id, std::nullopt);
  if (is_there(owner)) commands_.emplace_back(to_do::SendDone{owner.name, ticket});
  return take();
}

// Its owner runs it, or offers it to another; where the owner is away it may come back for it.
void ExecutorSide::tell_not_started(GuestId id, Refusal reason, base::Instant now) {
  Guest& guest = guests_.at(id);
  if (!is_there(guest.owner)) {
    guest.state = State::kOrphan;
    guest.reason = reason;
    set_due(id, guest, now + config_.owner_patience);
    return;
  }
  ++stats_.refused[static_cast<std::size_t>(reason)];
  const std::string peer = guest.owner.name;
  const Ticket ticket = guest.ticket;
  ran_.erase(guest.activation_id);
  commands_.emplace_back(to_do::Release{id});
  end(id, reason);
  commands_.emplace_back(to_do::SendNotStarted{peer, ticket, reason});
}

void ExecutorSide::drop(GuestId id, Refusal reason) {
  if (reason == Refusal::kLapsed) ++stats_.lapsed;
  commands_.emplace_back(to_do::Release{id});
  end(id, reason);
}

void ExecutorSide::refuse(const std::string& peer, Ticket ticket, Refusal reason) {
  ++stats_.refused[static_cast<std::size_t>(reason)];
  commands_.emplace_back(to_do::SendAnswer{peer, ticket, reason});
}

// What was forgotten is not known: then nothing is said, and the owner gives it up.
void ExecutorSide::tell_ended(const std::string& peer, const Key& key) {
  const auto ended = ended_.find(key);
  if (ended == ended_.end()) return;
  if (ended->second) {
    commands_.emplace_back(to_do::SendNotStarted{peer, key.second, *ended->second});
  } else {
    commands_.emplace_back(to_do::SendDone{peer, key.second});
  }
}

ExecutorCommands ExecutorSide::tick(base::Instant now) {
  while (!due_.empty() && due_.begin()->first <= now) look_at(due_.begin()->second, now);
  return take();
}

void ExecutorSide::look_at(GuestId id, base::Instant) {
  Guest& guest = guests_.at(id);
  switch (guest.state) {
    case State::kAsking:
    case State::kReserved:
      return drop(id, Refusal::kLapsed);
    case State::kBegun:
      guest.state = State::kLeaving;
      guest.for_owner = false;
      set_due(id, guest, std::nullopt);
      commands_.emplace_back(to_do::TakeOut{id});
      return;
    case State::kLeaving:
      return set_due(id, guest, std::nullopt);
    case State::kOrphan:
      // It ends as if it had run: whoever asks for it now must not run it.
      ++stats_.failed;
      commands_.emplace_back(to_do::Fail{id});
      return end(id, std::nullopt);
  }
}

std::optional<base::Instant> ExecutorSide::next_deadline() const {
  if (due_.empty()) return std::nullopt;
  return due_.begin()->first;
}

std::optional<GuestId> ExecutorSide::guest_of(const std::string& name, Ticket ticket) const {
  const auto peer = peers_.find(name);
  if (peer == peers_.end()) return std::nullopt;
  const auto found = by_ticket_.find({{name, peer->second.incarnation}, ticket});
  if (found == by_ticket_.end()) return std::nullopt;
  return found->second;
}

ExecutorStats ExecutorSide::stats() const {
  ExecutorStats stats = stats_;
  stats.guests = guests_.size();
  return stats;
}

ExecutorSide::Peer* ExecutorSide::speaker(const std::string& name) {
  const auto peer = peers_.find(name);
  return peer == peers_.end() || !peer->second.up ? nullptr : &peer->second;
}

ExecutorSide::Guest* ExecutorSide::find(const std::string& name, Ticket ticket, GuestId& id) {
  const auto found = guest_of(name, ticket);
  if (!found) return nullptr;
  id = *found;
  return &guests_.at(id);
}

bool ExecutorSide::is_there(const Life& life) const {
  const auto peer = peers_.find(life.name);
  return peer != peers_.end() && peer->second.up && peer->second.incarnation == life.incarnation;
}

void ExecutorSide::set_due(GuestId id, Guest& guest, std::optional<base::Instant> due) {
  if (guest.due) due_.erase({*guest.due, id});
  guest.due = due;
  if (due) due_.emplace(*due, id);
}

void ExecutorSide::end(GuestId id, std::optional<Refusal> refusal) {
  const auto found = guests_.find(id);
  Guest& guest = found->second;
  set_due(id, guest, std::nullopt);
  const Key key{guest.owner, guest.ticket};
  by_ticket_.erase(key);
  Peer& peer = peers_.at(guest.owner.name);
  if (peer.incarnation == guest.owner.incarnation) --peer.guests;
  remember(key, refusal);
  guests_.erase(found);
}

void ExecutorSide::remember(const Key& key, std::optional<Refusal> refusal) {
  ended_[key] = refusal;
  ended_order_.push_back(key);
  if (ended_order_.size() <= config_.remembered_max) return;
  ended_.erase(ended_order_.front());
  ended_order_.pop_front();
}

void ExecutorSide::note_run(const std::string& activation_id) {
  ran_.insert(activation_id);
  ran_order_.push_back(activation_id);
  if (ran_order_.size() <= config_.remembered_max) return;
  ran_.erase(ran_order_.front());
  ran_order_.pop_front();
}

}  // namespace invoker_handoff
