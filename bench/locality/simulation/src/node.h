// One invoker of the simulated fleet: its memory, its containers, what it holds.
#pragma once

#include <cstdint>
#include <deque>
#include <list>
#include <map>
#include <string>
#include <vector>

#include "base/clock.h"
#include "invoker_locality/card_pacer.h"
#include "invoker_locality/node_card.h"
#include "invoker_locality/placement.h"
#include "workload.h"

namespace locality_simulation {

struct SimulatedCall {
  int action = 0;
  int volume = 0;
  int owner = 0;
  bool asked = false;     // the invokers were asked where it should run
  bool had_room = false;  // a node had all of its data and room
  double arrived_ms = 0;
  double begun_waiting_ms = -1;
  double waited_ms = 0;
  double run_ms = 0;
};

class Node {
 public:
  Node(const Config& config, int id, const Workload& workload);

  // Idle containers make room for others.
  bool has_room() const;
  // Takes the room. The container's start in ms.
  double take(const SimulatedCall& call);
  void give_back(const SimulatedCall& call, double now_ms);

  std::int64_t missing_bytes(int volume) const;
  bool holds(int volume) const { return held_.contains(volume); }
  // `origin`: it stays for good. A copy may push out others.
  void store(int volume, bool origin);

  invoker_locality::OwnState own(const ActionFacts& action) const;
  // With the next version, where it was told of.
  invoker_locality::NodeCard card() const;
  std::uint64_t next_version() { return ++version_; }

  std::deque<SimulatedCall> queue;
  invoker_locality::Placement placement;
  invoker_locality::CardPacer pacer;
  std::int64_t charged_mb = 0;  // in the controller's books
  double used_ms = 0;           // slots in use, over time
  double used_since_ms = 0;
  void count_use(double now_ms);
  void begin_measuring(double now_ms);
  int busy() const { return busy_; }
  bool broken() const { return busy_ > config_.slots; }

 private:
  struct Held {
    bool origin = false;
    std::list<int>::iterator recent;  // in copies_, where it is one
  };

  void list_volumes();

  const Config& config_;
  const int id_;
  const Workload& workload_;
  int busy_ = 0;
  int idle_ = 0;
  std::map<int, int> running_;  // action → calls
  std::map<int, int> warm_;     // action → idle containers
  std::list<int> warm_order_;
  std::map<int, Held> held_;
  std::list<int> copies_;  // the most recently used first
  std::int64_t copied_bytes_ = 0;
  std::vector<invoker_locality::VolumeBytes> volumes_;
  std::uint64_t version_ = 0;
  double turn_ms_ = 0;
  double last_end_ms_ = 0;
};

}  // namespace locality_simulation
