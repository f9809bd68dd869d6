// Calls one after the other, as time goes by: how many of them find no warm container in the pool,
// in a pool that evicted what was not used for longest, and in one that knew the future.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/clock.h"

namespace pool_testing {

struct TracedCall {
  base::Instant at;
  int action = 0;
};
using CallTrace = std::vector<TracedCall>;

// `actions` in turn.
CallTrace in_turn(int actions, std::size_t calls);
// At random times and in random order; the n-th most popular is called 1/n^skew times as often as
// the first. Who is how popular is dealt anew after every `phase` calls (0: never).
CallTrace by_popularity(int actions, double skew, std::size_t calls, std::size_t phase = 0);
// Each action is called some 20 times within a second, then rests for half a minute or so.
CallTrace in_bursts(int actions, std::size_t calls);
// Each action at intervals of its own, from one second to five minutes, almost to the point.
CallTrace by_timers(int actions, std::size_t calls);
// Of `trace`, so many calls (in percent) go to actions that are called once and never again.
CallTrace with_strangers(CallTrace trace, int percent);
// Of `trace`, so many calls (in percent) go to `actions` others, in turn.
CallTrace with_turns(CallTrace trace, int percent, int actions);
// `second` begins when `first` has ended; they have no action in common.
CallTrace one_after_the_other(const CallTrace& first, const CallTrace& second);

// Shares of calls without a warm container, where `room` containers fit.
double cold_in_the_pool(const CallTrace& trace, int room);
double cold_of_least_recent(const CallTrace& trace, int room);
double cold_of_the_best(const CallTrace& trace, int room);

}  // namespace pool_testing
