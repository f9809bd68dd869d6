// The fleet: events in the order of their time, nodes, and what they know of each other.
#pragma once

#include <functional>
#include <memory>
#include <queue>
#include <vector>

#include "node.h"
#include "workload.h"

namespace locality_simulation {

class Fleet {
 public:
  explicit Fleet(const Config& config);
  Report run();

 private:
  using Event = std::function<void()>;
  struct Timed {
    double at_ms;
    std::uint64_t number;  // of two at one time the first that was made comes first
    std::shared_ptr<Event> event;
    bool operator>(const Timed& other) const {
      return at_ms != other.at_ms ? at_ms > other.at_ms : number > other.number;
    }
  };

  void at(double ms, Event event);
  base::Instant instant() const;
  bool measuring() const { return now_ms_ >= config_.warm_up_s * 1000; }
  Node& node(int id) { return *nodes_[static_cast<std::size_t>(id)]; }
  invoker_locality::FleetView& view_of(int id) {
    return views_[static_cast<std::size_t>(id) % views_.size()];
  }

  // --- The controller ---
  void arrive();
  int home_of(int action);
  // --- The owner ---
  void decide(SimulatedCall call);
  invoker_locality::Decision timed_decision(const SimulatedCall& call);
  void look_at_ages(const invoker_locality::Decision& decision, const SimulatedCall& call);
  void offer(SimulatedCall call, std::vector<int> peers, std::size_t next);
  void wait(SimulatedCall call, const invoker_locality::Decision& decision);
  void settle_wait(SimulatedCall& call) const;
  // --- The executor ---
  void run_here(int id, SimulatedCall call);
  void begin(int id, const SimulatedCall& call);
  void end(int id, const SimulatedCall& call, std::int64_t missing);
  // --- Cards ---
  void tell(int id);
  void count(const SimulatedCall& call, std::int64_t missing);
  void finish(Report& report);

  const Config config_;
  std::mt19937_64 random_;
  Workload workload_;
  std::vector<std::unique_ptr<Node>> nodes_;
  std::vector<invoker_locality::FleetView> views_;
  std::priority_queue<Timed, std::vector<Timed>, std::greater<>> events_;
  std::uint64_t event_number_ = 0;
  double now_ms_ = 0;
  double end_ms_ = 0;
  std::int64_t in_flight_ = 0;
  Report report_;
  std::vector<double> latencies_;
  std::vector<double> decisions_us_;
  double ages_ms_ = 0;
  std::int64_t ages_ = 0;
};

}  // namespace locality_simulation
