#include "fleet.h"

#include <algorithm>

#include "base/check.h"

namespace invoker_handoff {

using namespace std::chrono_literals;
using std::chrono::microseconds;

namespace {

constexpr microseconds kUsual{400};

}  // namespace

struct Fleet::Process {
  Process(int number, std::uint64_t life)
      : id(number), name("invoker" + std::to_string(number)), incarnation(life) {}

  struct Guest {
    std::size_t activation = 0;
    bool begun = false;
    bool out = false;
  };

  int id;
  std::string name;
  std::uint64_t incarnation;
  OwnerSide owner{OwnerConfig{}};
  ExecutorSide executor{ExecutorConfig{}};
  Ticket last_ticket = 0;
  std::map<Ticket, Try> tries;
  std::map<Ticket, std::size_t> tickets;  // also those that have ended
  std::map<GuestId, Guest> guests;
  std::map<std::pair<std::string, Ticket>, std::size_t> commits;  // what came with them
  std::map<GuestId, std::size_t> committed;
  std::multiset<std::size_t> at_home;
};

Fleet::Fleet(std::uint64_t seed, Weather weather, int nodes) : random_(seed), weather_(weather) {
  for (int i = 0; i < nodes; ++i) {
    processes_.push_back(std::make_unique<Process>(i, ++lives_));
  }
  for (int a = 0; a < nodes; ++a) {
    for (int b = a + 1; b < nodes; ++b) join(a, b);
  }
}

Fleet::~Fleet() = default;

bool Fleet::chance(int thousandths) {
  return std::uniform_int_distribution(0, 999)(random_) < thousandths;
}

microseconds Fleet::up_to(microseconds most) {
  return microseconds(std::uniform_int_distribution<std::int64_t>(0, most.count())(random_));
}

void Fleet::at(base::Instant when, std::function<void()> action) {
  events_.emplace(when, std::move(action));
}

void Fleet::after(microseconds wait, int node, std::function<void()> action) {
  const auto life = processes_[static_cast<std::size_t>(node)]->incarnation;
  at(now_ + wait, [this, node, life, action = std::move(action)] {
    if (processes_[static_cast<std::size_t>(node)]->incarnation == life) action();
  });
}

void Fleet::run(int activations) {
  arriving_ = activations;
  for (int i = 0; i < activations; ++i) after(up_to(20s), [this] { arrive(); });
  if (weather_.seen) after(1s, [this] { see(); });
  const base::Instant end = now_ + 10min;
  while (!events_.empty() && events_.begin()->first < end) {
    auto next = events_.extract(events_.begin());
    now_ = next.key();
    next.mapped()();
    for (std::size_t i = 0; i < processes_.size(); ++i) tick(static_cast<int>(i));
  }
}

// An event at the time of the next deadline, if that is new.
void Fleet::tick(int node) {
  Process& process = *processes_[static_cast<std::size_t>(node)];
  obey(node, process.owner.tick(now_));
  obey(node, process.executor.tick(now_));
  for (const auto due : {process.owner.next_deadline(), process.executor.next_deadline()}) {
    if (due && !events_.contains(*due)) at(std::max(*due, now_ + 1us), [] {});
  }
}

void Fleet::see() {
  for (const auto& one : processes_) {
    for (const auto& other : processes_) {
      if (one != other) one->owner.peer_seen({other->name, other->incarnation}, now_);
    }
  }
  if (!events_.empty()) after(1s, [this] { see(); });
}

void Fleet::arrive() {
  --arriving_;
  const int nodes = static_cast<int>(processes_.size());
  const int owner = std::uniform_int_distribution(0, nodes - 1)(random_);
  const std::size_t activation = entries_.size();
  entries_.push_back({.owner = owner});
  ++places_;
  const int peer = (owner + std::uniform_int_distribution(1, nodes - 1)(random_)) % nodes;
  offer(owner, {.activation = activation, .tries = 1, .peer = peer});
  const auto other = [&] { return std::uniform_int_distribution(0, nodes - 1)(random_); };
  if (chance(weather_.kill)) after(up_to(20ms), [this, node = other()] { kill(node); });
  if (chance(weather_.cut)) {
    const int a = other();
    const int b = (a + 1) % nodes;
    after(up_to(20ms), [this, a, b] { cut(std::min(a, b), std::max(a, b)); });
  }
}

void Fleet::offer(int node, const Try& what) {
  Process& process = *processes_[static_cast<std::size_t>(node)];
  const Ticket ticket = ++process.last_ticket;
  process.tries[ticket] = what;
  process.tickets[ticket] = what.activation;
  obey(node, process.owner.offer(ticket, "invoker" + std::to_string(what.peer), now_ + 165s, now_));
}

void Fleet::run_here(int node, std::size_t activation) {
  processes_[static_cast<std::size_t>(node)]->at_home.insert(activation);
  ++entries_[activation].runs;
  after(up_to(50ms), node, [this, node, activation] {
    processes_[static_cast<std::size_t>(node)]->at_home.erase(activation);
    acknowledge(activation, false);
  });
}

void Fleet::acknowledge(std::size_t activation, bool error) {
  Entry& entry = entries_[activation];
  ++(error ? entry.errors : entry.results);
}

// To the life that was there when it was said; over a broken link nothing goes.
void Fleet::send(int from, int to, const std::function<void(Process&)>& deliver, Ticket ticket) {
  if (!linked_[{std::min(from, to), std::max(from, to)}]) return;
  const Process& sender = *processes_[static_cast<std::size_t>(from)];
  const Process& receiver = *processes_[static_cast<std::size_t>(to)];
  const auto doubtful = [&](const Process& owner) {
    const auto of = owner.tickets.find(ticket);
    if (of != owner.tickets.end()) entries_[of->second].executor_silent = true;
  };
  const int copies = chance(weather_.lose) ? 0 : chance(weather_.repeat) ? 2 : 1;
  if (copies == 0) {
    doubtful(sender);
    doubtful(receiver);
  }
  for (int i = 0; i < copies; ++i) {
    const auto sent_by = sender.incarnation;
    const auto delay = chance(weather_.slow) ? up_to(300ms) : up_to(kUsual);
    after(delay, to, [this, from, to, sent_by, deliver] {
      if (processes_[static_cast<std::size_t>(from)]->incarnation != sent_by) return;
      deliver(*processes_[static_cast<std::size_t>(to)]);
    });
  }
}

void Fleet::obey(int node, const OwnerCommands& commands) {
  for (const OwnerCommand& command : commands) obey(node, command);
}
void Fleet::obey(int node, const ExecutorCommands& commands) {
  for (const ExecutorCommand& command : commands) obey(node, command);
}

namespace {

template <typename... Cases>
struct Switch : Cases... {
  using Cases::operator()...;
};
template <typename... Cases>
Switch(Cases...) -> Switch<Cases...>;

int number_of(const std::string& name) { return std::stoi(name.substr(7)); }

}  // namespace

void Fleet::obey(int node, const OwnerCommand& command) {
  Process& process = *processes_[static_cast<std::size_t>(node)];
  const std::string me = process.name;
  std::visit(Switch{
                 [&](const to_do::SendOffer& c) {
                   const int to = number_of(c.peer);
                   send(
                       node, to,
                       [this, to, me, ticket = c.ticket](Process& peer) {
                         obey(to, peer.executor.offered(me, ticket, now_));
                       },
                       c.ticket);
                 },
                 [&](const to_do::SendCommit& c) {
                   ++handed_over_;
                   Try& tried = process.tries.at(c.ticket);
                   if (!std::exchange(tried.place_free, true)) --places_;
                   const int to = number_of(c.peer);
                   const std::size_t activation = tried.activation;
                   send(
                       node, to,
                       [this, to, me, activation, c](Process& peer) {
                         if (const auto guest = peer.executor.guest_of(me, c.ticket)) {
                           peer.committed[*guest] = activation;
                         }
                         obey(to, peer.executor.committed(me, c.ticket, std::to_string(activation),
                                                          c.start_within, now_));
                       },
                       c.ticket);
                 },
                 [&](const to_do::SendWithdraw& c) {
                   const int to = number_of(c.peer);
                   send(
                       node, to,
                       [this, to, me, ticket = c.ticket](Process& peer) {
                         obey(to, peer.executor.withdrawn(me, ticket, now_));
                       },
                       c.ticket);
                 },
                 [&](const to_do::SendAsk& c) {
                   const int to = number_of(c.peer);
                   send(
                       node, to,
                       [this, to, me, c](Process& peer) {
                         obey(to, peer.executor.asked(me, c.ticket, c.take_back, now_));
                       },
                       c.ticket);
                 },
                 [&](const to_do::Returned& c) {
                   Try tried = process.tries.extract(c.ticket).mapped();
                   const int nodes = static_cast<int>(processes_.size());
                   const int next = (tried.peer + 1) % nodes == node ? (tried.peer + 2) % nodes
                                                                     : (tried.peer + 1) % nodes;
                   if (tried.tries == 1 && next != tried.peer && chance(500)) {
                     tried.tries = 2;
                     tried.peer = next;
                     return offer(node, tried);
                   }
                   if (!tried.place_free) --places_;
                   run_here(node, tried.activation);
                 },
                 [&](const to_do::Finished& c) { process.tries.erase(c.ticket); },
                 [&](const to_do::Lost& c) {
                   acknowledge(process.tries.extract(c.ticket).mapped().activation, true);
                 },
             },
             command);
}

void Fleet::obey(int node, const ExecutorCommand& command) {
  Process& process = *processes_[static_cast<std::size_t>(node)];
  const auto tell = [&](const std::string& peer, const auto& say, Ticket ticket) {
    const int to = number_of(peer);
    send(node, to, [this, to, say](Process& owner) { obey(to, say(owner.owner)); }, ticket);
  };
  const std::string me = process.name;
  std::visit(
      Switch{
          [&](const to_do::Reserve& c) { reserve(node, c.guest); },
          [&](const to_do::Release& c) { process.guests.erase(c.guest); },
          [&](const to_do::Begin& c) { begin(node, c.guest); },
          [&](const to_do::TakeOut& c) {
            auto& guest = process.guests.at(c.guest);
            const bool out = !guest.begun;
            guest.out = guest.out || out;
            after(up_to(1ms), node, [this, node, id = c.guest, out] {
              obey(node,
                   processes_[static_cast<std::size_t>(node)]->executor.taken_out(id, out, now_));
            });
          },
          [&](const to_do::Fail& c) {
            acknowledge(process.guests.at(c.guest).activation, true);
            process.guests.erase(c.guest);
          },
          [&](const to_do::SendAnswer& c) {
            tell(
                c.peer,
                [this, me, c](OwnerSide& owner) {
                  return owner.answered(me, c.ticket, c.refusal, now_);
                },
                c.ticket);
          },
          [&](const to_do::SendNotStarted& c) {
            tell(
                c.peer,
                [this, me, c](OwnerSide& owner) {
                  return owner.not_started(me, c.ticket, c.reason, now_);
                },
                c.ticket);
          },
          [&](const to_do::SendUnderway& c) {
            tell(
                c.peer,
                [this, me, c](OwnerSide& owner) { return owner.underway(me, c.ticket, now_); },
                c.ticket);
          },
          [&](const to_do::SendDone& c) {
            tell(
                c.peer, [this, me, c](OwnerSide& owner) { return owner.done(me, c.ticket, now_); },
                c.ticket);
          },
      },
      command);
}

void Fleet::reserve(int node, GuestId id) {
  processes_[static_cast<std::size_t>(node)]->guests[id];
  const bool room = !chance(weather_.no_room);
  after(up_to(200us), node, [this, node, id, room] {
    Process& process = *processes_[static_cast<std::size_t>(node)];
    if (!room) process.guests.erase(id);
    obey(node, process.executor.reserved(id, room ? std::nullopt : std::optional(Refusal::kNoRoom),
                                         now_));
  });
}

void Fleet::begin(int node, GuestId id) {
  Process& process = *processes_[static_cast<std::size_t>(node)];
  process.guests.at(id).activation = process.committed.at(id);
  const bool fails = chance(weather_.cannot_begin);
  const auto wait = chance(weather_.slow_start) ? up_to(15s) : up_to(1ms);
  after(wait, node, [this, node, id, fails] {
    Process& self = *processes_[static_cast<std::size_t>(node)];
    const auto guest = self.guests.find(id);
    if (guest == self.guests.end() || guest->second.out) return;
    if (fails) {
      guest->second.out = true;
      return obey(node, self.executor.not_begun(id, Refusal::kCannotBegin, now_));
    }
    guest->second.begun = true;
    ++entries_[guest->second.activation].runs;
    after(up_to(50ms), node, [this, node, id] {
      finish_run(node, processes_[static_cast<std::size_t>(node)]->guests.at(id).activation, id);
    });
  });
}

void Fleet::finish_run(int node, std::size_t activation, GuestId guest) {
  acknowledge(activation, false);
  Process& process = *processes_[static_cast<std::size_t>(node)];
  process.guests.erase(guest);
  obey(node, process.executor.ended(guest, now_));
}

// Whatever it had is gone; who comes after it has its name.
void Fleet::kill(int node) {
  ++killed_;
  auto& process = processes_[static_cast<std::size_t>(node)];
  for (auto& [ticket, tried] : process->tries) {
    entries_[tried.activation].owner_died = true;
    if (!tried.place_free) --places_;
  }
  for (const std::size_t activation : process->at_home) entries_[activation].owner_died = true;
  // Also what it was committed and had not heard of, or had told and was not heard.
  for (const auto& other : processes_) {
    for (auto& [ticket, tried] : other->tries) {
      if (tried.peer == node) entries_[tried.activation].executor_died = true;
    }
  }
  for (auto& [id, guest] : process->guests) entries_[guest.activation].executor_died = true;
  const int nodes = static_cast<int>(processes_.size());
  process = std::make_unique<Process>(node, ++lives_);
  for (int other = 0; other < nodes; ++other) {
    if (other != node) cut(std::min(node, other), std::max(node, other));
  }
}

// Both ends hear of it, at times of their own; later they meet again.
void Fleet::cut(int a, int b) {
  if (!std::exchange(linked_[{a, b}], false)) return;
  for (const auto& [one, other] : {std::pair(a, b), std::pair(b, a)}) {
    for (auto& [ticket, tried] : processes_[static_cast<std::size_t>(one)]->tries) {
      if (tried.peer == other) entries_[tried.activation].executor_silent = true;
    }
    after(up_to(5ms), one, [this, one, other] {
      if (linked_[{std::min(one, other), std::max(one, other)}]) return;
      Process& process = *processes_[static_cast<std::size_t>(one)];
      const std::string name = "invoker" + std::to_string(other);
      obey(one, process.owner.peer_down(name, now_));
      obey(one, process.executor.peer_down(name, now_));
    });
  }
  after(chance(100) ? up_to(30s) : up_to(3s), [this, a, b] { join(a, b); });
}

void Fleet::join(int a, int b) {
  if (std::exchange(linked_[{a, b}], true)) return;
  for (const auto& [one, other] : {std::pair(a, b), std::pair(b, a)}) {
    Process& process = *processes_[static_cast<std::size_t>(one)];
    const Process& peer = *processes_[static_cast<std::size_t>(other)];
    const Life life{peer.name, peer.incarnation};
    obey(one, process.owner.peer_down(life.name, now_));
    obey(one, process.executor.peer_down(life.name, now_));
    obey(one, process.owner.peer_up(life, now_));
    obey(one, process.executor.peer_up(life, now_));
  }
}

std::size_t Fleet::guests_left() const {
  std::size_t left = 0;
  for (const auto& process : processes_) left += process->executor.stats().guests;
  return left;
}

std::size_t Fleet::outstanding_left() const {
  std::size_t left = 0;
  for (const auto& process : processes_) left += process->owner.stats().outstanding;
  return left;
}

}  // namespace invoker_handoff
