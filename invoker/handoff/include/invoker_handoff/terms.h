// Words that owner and executor share.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace invoker_handoff {

// One offer of one activation, at its owner: numbers grow, and none comes twice in a life.
using Ticket = std::uint64_t;

// One activation of somebody else's, at its executor.
using GuestId = std::uint64_t;

// One life of an invoker: a process that was started anew is somebody else under the same name.
struct Life {
  std::string name;  // "invoker3"
  std::uint64_t incarnation = 0;

  auto operator<=>(const Life&) const = default;
};

// Why an executor does not take, or did not begin, what it was offered.
enum class Refusal : std::uint8_t {
  kNoRoom,         // not enough memory is free, or work of its own waits for it
  kTooMany,        // so many guests are here or expected
  kStopping,       // it takes no guests
  kLapsed,         // the reservation was not used in time
  kTakenBack,      // its owner asked for it
  kTooLate,        // it could not be begun in the time that it had
  kCannotBegin,    // no container could be had, or nobody can read what was asked for
  kNotWhatWasSaid  // the action is not the one that the reservation was for
};
inline constexpr Refusal kLastRefusal = Refusal::kNotWhatWasSaid;

// Why an activation that was offered is its owner's again.
enum class Return : std::uint8_t {
  kNotOffered,  // nobody was asked: the peer is not there, is avoided, or has enough of ours
  kRefused,
  kLate,        // no answer within the budget
  kLinkLost,    // before the commit
  kNotStarted,  // after the commit, and it never will be
};
inline constexpr std::size_t kReturns = 5;
inline constexpr std::size_t kRefusals = 8;

// For metrics and logs: "no_room", "link_lost".
std::string_view name_of(Refusal refusal);
std::string_view name_of(Return reason);

}  // namespace invoker_handoff
