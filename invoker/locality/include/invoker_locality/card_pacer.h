// When a node tells the others of itself: what changed soon, what did not now and then, and all of
// it the less often the more nodes there are, so that what each of them must read stays bounded.
//
// Threads: one at a time. Errors: none.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "base/clock.h"
#include "invoker_locality/node_card.h"

namespace invoker_locality {

struct PacerConfig {
  milliseconds pulse_pause{500};    // between two pulses, at least
  milliseconds card_pause{2'000};   // between two cards, at least
  milliseconds quiet_max{5'000};    // without anything
  double fleet_messages_max = 200;  // a second, from all nodes together
};

enum class Due : std::uint8_t { kNothing, kPulse, kCard };

class CardPacer {
 public:
  explicit CardPacer(PacerConfig config) : config_(config) {}

  // What is to be sent of `card` now, among `nodes`.
  Due due(const NodeCard& card, std::size_t nodes, base::Instant now) const;
  // It was sent.
  void sent(Due what, const NodeCard& card, base::Instant now);
  // In what time a node is heard again at the latest.
  milliseconds next_within(std::size_t nodes) const;

 private:
  milliseconds pause(milliseconds least, double share, std::size_t nodes) const;

  const PacerConfig config_;
  std::optional<NodeCard> told_;  // with the numbers of the last pulse
  base::Instant card_at_{};
  base::Instant at_{};
};

}  // namespace invoker_locality
