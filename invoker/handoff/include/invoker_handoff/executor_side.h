// What becomes of activations that others offer to this invoker: no I/O, only decisions.
//
//   offered ─ room ─→ reserved ─ Commit ─→ begun ─ ended ─→ Done
//      └ none ─→ refused └ lapsed, withdrawn │ └ cannot begin, taken back ─→ NotStarted
//
// A guest whose owner is gone goes on: it is acknowledged in the owner's name all the same. What
// could not be begun then is acknowledged as an error by whoever has it: this side.
//
// Nothing that a peer says again, late or in another order makes a guest begin twice: offers have
// growing tickets, a commit needs the reservation of its offer, an activation is run once.
//
// Threads: one at a time. Time: never goes back from one event to the next. Errors: none; what
// makes no sense is what a hostile peer may say, and does nothing or is answered NotStarted.
#pragma once

#include <array>
#include <chrono>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "invoker_handoff/terms.h"

namespace invoker_handoff {

using std::chrono::milliseconds;

struct ExecutorConfig {
  milliseconds hold{100};              // of a reservation, until its commit
  milliseconds start_within{30'000};   // at most, whatever the owner says
  milliseconds owner_patience{8'000};  // for an owner to come back for what could not be begun
  std::size_t guests_max = 1'024;      // reserved and running
  std::size_t guests_per_peer_max = 512;
  std::size_t remembered_max = 16'384;  // guests that have ended, and activations that have run
};

namespace to_do {
// Find a place for the guest: answer with reserved().
struct Reserve {
  GuestId guest;
};
// Give the place back; the guest is never begun.
struct Release {
  GuestId guest;
};
struct Begin {
  GuestId guest;
};
// If it has not been begun, do not: answer with taken_out().
struct TakeOut {
  GuestId guest;
};
// Acknowledge it as an error of the system.
struct Fail {
  GuestId guest;
};
struct SendAnswer {
  std::string peer;
  Ticket ticket;
  std::optional<Refusal> refusal;
};
struct SendNotStarted {
  std::string peer;
  Ticket ticket;
  Refusal reason;
};
struct SendUnderway {
  std::string peer;
  Ticket ticket;
};
struct SendDone {
  std::string peer;
  Ticket ticket;
};
}  // namespace to_do

using ExecutorCommand =
    std::variant<to_do::Reserve, to_do::Release, to_do::Begin, to_do::TakeOut, to_do::Fail,
                 to_do::SendAnswer, to_do::SendNotStarted, to_do::SendUnderway, to_do::SendDone>;
using ExecutorCommands = std::vector<ExecutorCommand>;

struct ExecutorStats {
  std::uint64_t offers = 0, reserved = 0, begun = 0, done = 0, lapsed = 0, failed = 0;
  std::uint64_t repeated = 0;                      // activations that somebody committed again
  std::array<std::uint64_t, kRefusals> refused{};  // offers, and commits that were not begun
  std::size_t guests = 0;
};

class ExecutorSide {
 public:
  explicit ExecutorSide(ExecutorConfig config) : config_(config) {}

  // `name` is a peer's.
  ExecutorCommands peer_up(const Life& life, base::Instant now);
  ExecutorCommands peer_down(const std::string& name, base::Instant now);

  // What a peer says; nothing unless it is up.
  ExecutorCommands offered(const std::string& name, Ticket ticket, base::Instant now);
  ExecutorCommands withdrawn(const std::string& name, Ticket ticket, base::Instant now);
  ExecutorCommands committed(const std::string& name, Ticket ticket,
                             const std::string& activation_id, milliseconds start_within,
                             base::Instant now);
  ExecutorCommands asked(const std::string& name, Ticket ticket, bool take_back, base::Instant now);

  // What the invoker says of a guest.
  ExecutorCommands reserved(GuestId id, std::optional<Refusal> refusal, base::Instant now);
  ExecutorCommands taken_out(GuestId id, bool not_begun, base::Instant now);
  ExecutorCommands not_begun(GuestId id, Refusal reason, base::Instant now);
  ExecutorCommands ended(GuestId id, base::Instant now);  // and acknowledged

  // From now on nothing new is taken.
  void stop_taking() { stopping_ = true; }

  // Which guest that is, after offered() has asked for a place. The caller keeps what else is to
  // be known of it.
  std::optional<GuestId> guest_of(const std::string& name, Ticket ticket) const;

  ExecutorCommands tick(base::Instant now);
  std::optional<base::Instant> next_deadline() const;

  ExecutorStats stats() const;

 private:
  enum class State : std::uint8_t {
    kAsking,    // whether there is a place
    kReserved,  // until its commit
    kBegun,     // as far as is known here; it may wait for its container
    kLeaving,   // asked to be taken out
    kOrphan,    // cannot be begun, and its owner is not there to be told
  };
  struct Guest {
    Life owner;
    Ticket ticket = 0;
    State state = State::kAsking;
    bool for_owner = false;                  // kLeaving: who asked for it; else its time is over
    Refusal reason = Refusal::kCannotBegin;  // kOrphan
    std::string activation_id;
    std::optional<base::Instant> due;
  };
  struct Peer {
    std::uint64_t incarnation = 0;
    bool up = false;
    Ticket highest = 0;
    std::size_t guests = 0;
  };
  using Key = std::pair<Life, Ticket>;

  Peer* speaker(const std::string& name);
  Guest* find(const std::string& name, Ticket ticket, GuestId& id);
  bool is_there(const Life& life) const;
  void set_due(GuestId id, Guest& guest, std::optional<base::Instant> due);
  // The guest is no more; `refusal`: it was never begun.
  void end(GuestId id, std::optional<Refusal> refusal);
  void remember(const Key& key, std::optional<Refusal> refusal);
  void refuse(const std::string& peer, Ticket ticket, Refusal reason);
  void drop(GuestId id, Refusal reason);
  void tell_not_started(GuestId id, Refusal reason, base::Instant now);
  void tell_ended(const std::string& peer, const Key& key);
  void owner_left(const std::string& name, bool for_good);
  bool has_run(const std::string& activation_id) const { return ran_.contains(activation_id); }
  void note_run(const std::string& activation_id);
  void look_at(GuestId id, base::Instant now);
  ExecutorCommands take() { return std::exchange(commands_, {}); }

  ExecutorConfig config_;
  std::map<std::string, Peer> peers_;
  std::map<GuestId, Guest> guests_;
  std::map<Key, GuestId> by_ticket_;
  std::set<std::pair<base::Instant, GuestId>> due_;
  // How guests ended: nothing where they ran. The oldest are forgotten.
  std::map<Key, std::optional<Refusal>> ended_;
  std::deque<Key> ended_order_;
  std::unordered_set<std::string> ran_;
  std::deque<std::string> ran_order_;
  GuestId last_guest_ = 0;
  bool stopping_ = false;
  ExecutorStats stats_;
  ExecutorCommands commands_;
};

}  // namespace invoker_handoff
