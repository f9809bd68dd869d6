// Who may be offered work, and in which words one says why not.
#include <array>

#include "invoker_locality/fleet_view.h"

namespace invoker_locality {

Standing FleetView::standing(const Peer& peer, base::Instant now) const {
  if (now - peer.heard >= config_.lapse_after * peer.card.next_within) return Standing::kLapsed;
  if (!peer.heard_now) return Standing::kNotHeard;
  if (now < peer.contested_until) return Standing::kContested;
  if (!peer.card.numbers.takes_guests) return Standing::kTakesNone;
  if (peer.card.port == 0 || peer.card.address.empty()) return Standing::kUnreachable;
  if (now < peer.distrusted_until) return Standing::kDistrusted;
  return Standing::kGood;
}

std::string_view name_of(Standing standing) {
  static constexpr std::array<std::string_view, 7> kNames = {
      "good", "not_heard", "lapsed", "contested", "distrusted", "takes_none", "unreachable"};
  return kNames[static_cast<std::size_t>(standing)];
}

std::string_view sentence_of(Standing standing) {
  static constexpr std::array<std::string_view, 7> kSentences = {
      "it is offered calls",
      "it was not heard since this invoker started",
      "it has been silent for longer than it promised",
      "two processes speak as this node",
      "it refuses again and again what it says it has room for",
      "it takes no calls of others now",
      "it has no listener for hand-offs"};
  return kSentences[static_cast<std::size_t>(standing)];
}

}  // namespace invoker_locality
