// What becomes of activations that their owner offers to others: no I/O, only decisions.
//
//   offer ─ accepted ─→ committed ─ Done ───────→ Finished
//     │                    ├ NotStarted ────────→ Returned: it is run here, or offered once more
//     ├ refused, late ──→ Returned
//     └ link lost ──────→ └ silent, dead, anew ─→ Lost: nobody knows whether it ran
//
// Each ticket ends in exactly one of Returned, Finished and Lost. Before Returned the executor has
// not been told to begin, or has said that it has not and will not: so nothing runs twice.
//
// Threads: one at a time. Time: never goes back from one event to the next. Errors: none; what
// makes no sense (an answer for an unknown ticket) is what a late or hostile peer may say, and does
// nothing.
#pragma once

#include <array>
#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "invoker_handoff/terms.h"

namespace invoker_handoff {

using std::chrono::milliseconds;

struct OwnerConfig {
  milliseconds budget{5};             // for an answer; then the activation is run here
  milliseconds start_within{10'000};  // for a committed one to begin
  milliseconds ask_pause{2'000};      // between two looks at one that is under way
  int asks_max = 3;                   // unanswered, over an open link: then the executor is silent
  milliseconds silence{10'000};       // of a link that is gone and does not come back
  milliseconds seen_fresh{15'000};    // how long it counts that somebody else has seen a peer
  milliseconds avoid_lost{30'000};    // no offers to whom something was lost at
  milliseconds avoid_unreliable{5'000};  // ... to who answers late or does not begin
  int late_max = 5;                      // in a row, before a peer is avoided
  int not_started_max = 3;               // in a row
  std::size_t outstanding_max = 1'024;   // offered and committed, at one peer
};

namespace to_do {
struct SendOffer {
  std::string peer;
  Ticket ticket;
};
struct SendCommit {
  std::string peer;
  Ticket ticket;
  milliseconds start_within;
};
struct SendWithdraw {
  std::string peer;
  Ticket ticket;
};
struct SendAsk {
  std::string peer;
  Ticket ticket;
  bool take_back;
};
// The activation is the owner's again.
struct Returned {
  Ticket ticket;
  Return why;
};
struct Finished {
  Ticket ticket;
};
// It is acknowledged as an error of the system, and never run again.
struct Lost {
  Ticket ticket;
  std::string peer;
  std::string why;
};
}  // namespace to_do

using OwnerCommand = std::variant<to_do::SendOffer, to_do::SendCommit, to_do::SendWithdraw,
                                  to_do::SendAsk, to_do::Returned, to_do::Finished, to_do::Lost>;
using OwnerCommands = std::vector<OwnerCommand>;

struct OwnerStats {
  std::uint64_t offers = 0, committed = 0, done = 0, lost = 0, late_answers = 0;
  std::array<std::uint64_t, kReturns> returned{};
  std::array<std::uint64_t, kRefusals> refused{};  // by the peers' reasons
  std::size_t outstanding = 0;                     // offered or committed
};

class OwnerSide {
 public:
  explicit OwnerSide(OwnerConfig config) : config_(config) {}

  // `name` is a peer's. A connection to that life of it is there, or is gone.
  OwnerCommands peer_up(const Life& life, base::Instant now);
  OwnerCommands peer_down(const std::string& name, base::Instant now);
  // Somebody else knows that this life of the peer goes on: then one that cannot be reached is
  // still believed to tell the controller itself.
  void peer_seen(const Life& life, base::Instant now);

  // May anything be offered to it?
  bool takes_offers(const std::string& name, base::Instant now) const;

  // `ticket` is new. From `give_up` on the controller hears that the activation is lost.
  OwnerCommands offer(Ticket ticket, const std::string& name, base::Instant give_up,
                      base::Instant now);

  // What a peer says.
  OwnerCommands answered(const std::string& name, Ticket ticket, std::optional<Refusal> refusal,
                         base::Instant now);
  OwnerCommands not_started(const std::string& name, Ticket ticket, Refusal reason,
                            base::Instant now);
  OwnerCommands underway(const std::string& name, Ticket ticket, base::Instant now);
  OwnerCommands done(const std::string& name, Ticket ticket, base::Instant now);

  // Time went by: call at or after next_deadline().
  OwnerCommands tick(base::Instant now);
  std::optional<base::Instant> next_deadline() const;

  OwnerStats stats() const;

 private:
  struct Peer {
    std::uint64_t incarnation = 0;
    bool up = false;
    int late = 0, not_started = 0;  // in a row
    std::size_t outstanding = 0;
    base::Instant avoided_until{};
    std::optional<base::Instant> seen_at;
  };
  struct Entry {
    std::string peer;
    std::uint64_t incarnation = 0;  // of the life that has it
    bool committed = false;
    int asked = 0;  // without an answer
    milliseconds pause{};
    base::Instant start_by{};
    base::Instant give_up{};
    base::Instant due{};
  };
  using Entries = std::map<Ticket, Entry>;

  // Of that ticket, where that peer has it.
  Entry* find(const std::string& name, Ticket ticket);
  void set_due(Ticket ticket, Entry& entry, base::Instant due);
  void end(Ticket ticket);
  void come_back(Ticket ticket, Return why);
  void lose(Ticket ticket, const std::string& why, base::Instant now);
  void ask(Ticket ticket, Entry& entry, base::Instant now);
  void look_at(Ticket ticket, base::Instant now);
  bool is_seen(const Peer& peer, const Entry& entry, base::Instant now) const;
  OwnerCommands take() { return std::exchange(commands_, {}); }

  OwnerConfig config_;
  std::map<std::string, Peer> peers_;
  Entries entries_;
  std::set<std::pair<base::Instant, Ticket>> due_;
  OwnerStats stats_;
  OwnerCommands commands_;
};

}  // namespace invoker_handoff
