// Calls and data, drawn from one seed.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "base/json.h"
#include "hints/hints.h"
#include "locality_simulation/simulation.h"

namespace locality_simulation {

inline constexpr std::int64_t kMiB = 1 << 20;
inline constexpr std::int64_t kCallMb = 256;

struct VolumeFacts {
  std::string name;  // "guest/v7"
  std::int64_t bytes = 0;
  base::Json content;  // of a call that reads it
};

struct ActionFacts {
  std::string name;
  std::uint64_t hash = 0;
  int volume = 0;  // that it reads, where each action has one
};

class Workload {
 public:
  Workload(const Config& config, std::mt19937_64& random);

  // In ms, until the next call arrives.
  double next_arrival();
  int draw_action() { return draw(action_shares_); }
  int draw_volume(int action);
  double draw_run_ms() { return exponential(config_.run_ms); }
  double draw_bus_ms() { return exponential(config_.bus_ms); }

  const hints::Hints& hints() const { return hints_; }
  const std::vector<VolumeFacts>& volumes() const { return volumes_; }
  const std::vector<ActionFacts>& actions() const { return actions_; }

 private:
  int draw(const std::vector<double>& sums);
  double exponential(double mean);

  const Config& config_;
  std::mt19937_64& random_;
  hints::Hints hints_;
  std::vector<VolumeFacts> volumes_;
  std::vector<ActionFacts> actions_;
  std::vector<double> action_shares_;  // sums, the last is 1
  std::vector<double> volume_shares_;
};

}  // namespace locality_simulation
