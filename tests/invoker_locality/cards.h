// Cards for tests.
#pragma once

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

#include "base/clock.h"
#include "invoker_locality/node_card.h"

namespace cards {

inline constexpr std::int64_t kMiB = 1 << 20;
inline const base::Instant kNow = base::Instant() + std::chrono::hours(1);

inline invoker_locality::NodeCard card(int instance, std::uint64_t version = 1,
                                       std::uint64_t incarnation = 1) {
  invoker_locality::NodeCard card;
  card.life = {instance, incarnation};
  card.version = version;
  card.name = "invoker" + std::to_string(instance);
  card.software = "0.4.0";
  card.address = "10.0.0." + std::to_string(instance);
  card.port = 10'800;
  card.next_within = std::chrono::seconds(5);
  card.numbers = {.memory_mb = 4096,
                  .free_memory_mb = 2048,
                  .guest_memory_mb = 2048,
                  .load = 0.5,
                  .turn_ms = 0,
                  .takes_guests = true};
  return card;
}

inline invoker_locality::NodePulse pulse(const invoker_locality::NodeCard& card,
                                         std::uint64_t version) {
  return {card.life, version, card.next_within, card.numbers};
}

// `bytes` of the volume, all of it below `path`.
inline void hold(invoker_locality::NodeCard& card, const std::string& volume, std::int64_t bytes,
                 const std::string& path = "") {
  invoker_locality::VolumeBytes held{.volume = volume, .prefixes = {}};
  held.prefixes.push_back({.path = "", .sealed = bytes, .rest = path.empty() ? bytes : 0});
  if (!path.empty()) held.prefixes.push_back({.path = path, .sealed = bytes, .rest = bytes});
  card.volumes.push_back(std::move(held));
  std::ranges::sort(card.volumes, {}, &invoker_locality::VolumeBytes::volume);
}

}  // namespace cards
