// Holds invokers to their rhythm: a ping a second, always of the same instance. Not thread-safe.
#pragma once

#include <map>

#include "base/clock.h"
#include "controller_sim/ack.h"
#include "controller_sim/breach.h"

namespace controller_sim {

class PingWatch {
 public:
  PingWatch(base::milliseconds gap_max, Breaches& breaches)
      : gap_max_(gap_max), breaches_(&breaches) {}

  void ping(const Ping& ping, base::Instant now);
  // Names a gap while it lasts, once.
  void tick(base::Instant now);
  base::milliseconds longest_gap() const { return longest_gap_; }

 private:
  struct Seen {
    base::Instant last;
    base::Json instance;
    bool enabled = true;
    bool named = false;
  };
  void name_gap(int id, Seen& seen, base::milliseconds gap);

  base::milliseconds gap_max_;
  base::milliseconds longest_gap_{0};
  Breaches* breaches_;
  std::map<int, Seen> seen_;
};

}  // namespace controller_sim
