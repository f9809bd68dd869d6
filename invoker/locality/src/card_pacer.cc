#include "invoker_locality/card_pacer.h"

#include <algorithm>
#include <cmath>

namespace invoker_locality {
namespace {

constexpr double kNumbersStep = 1.0 / 16;  // of all memory, or of load: less is no news
constexpr double kBytesStep = 1.0 / 20;    // of what is held

bool moved(double before, double after, double step) { return std::abs(after - before) >= step; }

bool numbers_changed(const NodeNumbers& before, const NodeNumbers& after) {
  if (before.takes_guests != after.takes_guests || before.memory_mb != after.memory_mb) return true;
  const auto step = std::max(static_cast<double>(after.memory_mb) * kNumbersStep, 1.0);
  return moved(static_cast<double>(before.guest_memory_mb),
               static_cast<double>(after.guest_memory_mb), step) ||
         moved(static_cast<double>(before.free_memory_mb),
               static_cast<double>(after.free_memory_mb), step) ||
         moved(before.load, after.load, kNumbersStep);
}

bool bytes_changed(const VolumeBytes& before, const VolumeBytes& after) {
  if (before.prefixes.size() != after.prefixes.size()) return true;
  for (std::size_t i = 0; i < before.prefixes.size(); ++i) {
    if (before.prefixes[i].path != after.prefixes[i].path) return true;
    const auto old = static_cast<double>(before.prefixes[i].total());
    if (moved(old, static_cast<double>(after.prefixes[i].total()), 1 + old * kBytesStep))
      return true;
  }
  return false;
}

bool holdings_changed(const NodeCard& before, const NodeCard& after) {
  if (before.things != after.things || before.port != after.port ||
      before.address != after.address || before.volumes.size() != after.volumes.size()) {
    return true;
  }
  for (std::size_t i = 0; i < before.volumes.size(); ++i) {
    if (before.volumes[i].volume != after.volumes[i].volume ||
        bytes_changed(before.volumes[i], after.volumes[i])) {
      return true;
    }
  }
  return before.warm != after.warm || before.prewarmed != after.prewarmed;
}

}  // namespace

milliseconds CardPacer::pause(milliseconds least, double share, std::size_t nodes) const {
  const double seconds = static_cast<double>(nodes) / (config_.fleet_messages_max * share);
  return std::max(least, milliseconds(static_cast<std::int64_t>(seconds * 1000)));
}

// A silent fleet uses half of what all may send.
milliseconds CardPacer::next_within(std::size_t nodes) const {
  return pause(config_.quiet_max, 0.5, nodes) + config_.pulse_pause;
}

Due CardPacer::due(const NodeCard& card, std::size_t nodes, base::Instant now) const {
  if (!told_) return Due::kCard;
  const auto card_age = now - card_at_;
  const auto age = now - at_;
  if (age >= pause(config_.quiet_max, 0.5, nodes)) return Due::kPulse;
  if (card_age >= pause(config_.card_pause, 0.5, nodes) && holdings_changed(*told_, card)) {
    return Due::kCard;
  }
  if (age >= pause(config_.pulse_pause, 1, nodes) &&
      numbers_changed(told_->numbers, card.numbers)) {
    return Due::kPulse;
  }
  return Due::kNothing;
}

void CardPacer::sent(Due what, const NodeCard& card, base::Instant now) {
  if (what == Due::kNothing) return;
  at_ = now;
  if (what == Due::kCard || !told_) {
    told_ = card;
    card_at_ = now;
  } else {
    told_->numbers = card.numbers;
  }
}

}  // namespace invoker_locality
