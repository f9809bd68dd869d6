// A conversation with the pool, in words.
//
// Each line is an event and, after "->", the commands that must follow, in order:
//
//   submit j1 A mem=256 kind=python conc=1 image   -> start c1 j1
//   started c1                                     -> run c1 j1 cold init
//   ended c1 j1 keep                               ->
//   at 10s                                         -> pause c1
//
// Events: begin, drain, forget KEY, submit JOB KEY [mem=MB] [kind=K] [conc=N] [image] [guest],
// started|failed|initialized|died|removed C, paused|resumed C [no], ended C JOB
// keep|destroy|reschedule, time T (the clock moves), at T (it moves, and the pool is told), stats
// and counts (the figures), deadline (the next one, in ms), empty. Containers are c1, c2, ... in
// the order of their starts. "#" begins a comment.
#pragma once

#include <string>
#include <vector>

#include "invoker/container_pool.h"

namespace pool_testing {

inline constexpr std::int64_t kMegabyte = 1 << 20;

struct ScriptConfig {
  std::int64_t memory_mb = 1024;
  std::chrono::milliseconds pause_grace{10'000};
  std::chrono::milliseconds idle_container{600'000};
  std::chrono::milliseconds head_patience{1'000};
  std::chrono::milliseconds second_container_patience{100};
  std::chrono::milliseconds recent_use{1'000};
  std::size_t buffer_max = 100;
  std::vector<invoker::StemCellConfig> stem_cells{};
};

// Fails the running test at the first line that goes otherwise.
void play(const ScriptConfig& config, const std::string& script);

std::string describe(const invoker::Command& command);
std::string describe(const invoker::Commands& commands);

}  // namespace pool_testing
