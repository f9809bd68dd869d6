// A fleet of invokers in simulated time, that decide with the code of invoker/locality.
//
// Everything else is a model: the controller sends each action to its home by hash and goes on to
// the next where its books say that one is full; cards travel through a bus with a delay; a call
// takes its container's start, what must be brought, and its run; what was brought stays as a copy
// until others need the room. One seed, one outcome.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace locality_simulation {

struct Config {
  std::uint64_t seed = 1;
  int nodes = 10;
  int slots = 16;    // calls of 256 MB that a node has room for
  int volumes = 40;  // each begins on one node
  int actions = 80;
  double zipf = 0.9;           // of calls over actions, and of what they read over volumes
  double utilization = 0.4;    // of all slots, if nothing had to be brought
  double run_ms = 200;         // mean, exponential
  double volume_mib = 128;     // mean, half to twice of it
  double cache_gib = 1;        // of copies, per node
  double link_mib_per_ms = 1;  // what is not there is brought so fast
  double cold_ms = 40;         // from a stem cell
  double hand_off_ms = 1;
  int wait_ms = 0;           // the hint
  bool locality = true;      // false: every call runs where the controller sends it
  bool hot = false;          // every call reads the first volume
  bool hints = true;         // false: the invokers learn what actions read
  bool data_by_call = true;  // each call reads another volume; false: each action has its own
  double bus_ms = 20;        // a card's way, mean
  double warm_up_s = 8;
  double measured_s = 8;
  int views = 32;  // at most: in larger fleets several nodes look at one view
  std::function<std::int64_t()> cpu_ns = {};  // a clock for decisions; absent: not measured
};

struct Report {
  std::int64_t calls = 0;
  std::int64_t hits = 0;            // ran where at least 80 % of what it reads was
  std::int64_t had_room = 0;        // some node had all of it, and room, when the call came
  std::int64_t hits_with_room = 0;  // and it ran where 80 % were
  std::int64_t hand_offs = 0;
  std::int64_t refusals = 0;
  std::int64_t waited = 0;  // calls that waited for a better node
  double waited_ms = 0;     // mean over all calls
  double latency_ms = 0;    // mean, from the controller to the end
  double latency_p99_ms = 0;
  double brought_mib = 0;         // mean over all calls
  double load_max_over_mean = 0;  // of the time in which a node's slots were used
  double messages_per_s = 0;      // read by each invoker
  double bytes_per_s = 0;         // the same
  double view_bytes = 0;          // of all cards as they come
  double view_age_ms = 0;         // mean of the cards that decisions looked at
  double decision_us = 0;         // mean, where it was measured
  double decision_p99_us = 0;
  std::int64_t wrong = 0;  // broken promises: a guest over the memory, a call lost
};

Report simulate(const Config& config);

}  // namespace locality_simulation
