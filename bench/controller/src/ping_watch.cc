#include "controller_sim/ping_watch.h"

#include <algorithm>
#include <utility>

namespace controller_sim {

using std::chrono::duration_cast;

void PingWatch::ping(const Ping& ping, base::Instant now) {
  const auto [place, fresh] = seen_.try_emplace(ping.instance.id);
  Seen& seen = place->second;
  if (!fresh && seen.enabled) {
    const auto gap = duration_cast<base::milliseconds>(now - seen.last);
    longest_gap_ = std::max(longest_gap_, gap);
    name_gap(place->first, seen, gap);
  }
  if (!fresh && !(seen.instance == ping.instance.json)) {
    breaches_->add(BreachKind::kPingChanged, {},
                   "invoker" + std::to_string(place->first) + " was " + seen.instance.to_string() +
                       " and is " + ping.instance.json.to_string());
  }
  seen = {now, ping.instance.json, ping.enabled, false};
}

void PingWatch::tick(base::Instant now) {
  for (auto& [id, seen] : seen_) {
    if (seen.enabled) name_gap(id, seen, duration_cast<base::milliseconds>(now - seen.last));
  }
}

void PingWatch::name_gap(int id, Seen& seen, base::milliseconds gap) {
  if (gap <= gap_max_ || std::exchange(seen.named, true)) return;
  breaches_->add(BreachKind::kPingGap, {},
                 "invoker" + std::to_string(id) + " sent no ping for more than " +
                     std::to_string(gap_max_.count()) + " ms");
}

}  // namespace controller_sim
