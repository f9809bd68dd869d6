// Simulated fleets: tables of what placement by data does to hits, balance and traffic.
//
//   bench_locality_fleet [fleet|hot|wait|all] [SEED]
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>

#include "locality_simulation/simulation.h"

namespace {

using locality_simulation::Config;
using locality_simulation::Report;

std::int64_t cpu_ns() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return time.tv_sec * 1'000'000'000LL + time.tv_nsec;
}

double percent(std::int64_t part, std::int64_t whole) {
  return whole == 0 ? 0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole);
}

Config fleet_of(int nodes, std::uint64_t seed) {
  Config config;
  config.seed = seed;
  config.nodes = nodes;
  config.volumes = 4 * nodes;
  config.actions = 8 * nodes;
  config.cpu_ns = cpu_ns;
  if (nodes >= 1000) {
    config.warm_up_s = 12;
    config.measured_s = 4;
  }
  return config;
}

void head() {
  std::printf("%-30s %7s %6s %9s %7s %8s %8s %7s %6s %6s %7s %8s %7s %7s %7s\n", "", "calls",
              "hit %", "room hit%", "moved%", "refused%", "mean ms", "p99 ms", "max/mn", "msg/s",
              "kB/s", "view kB", "age ms", "dec us", "p99 us");
}

void row(const std::string& name, const Report& report) {
  std::printf(
      "%-30s %7lld %6.1f %9.1f %7.1f %8.2f %8.0f %7.0f %6.2f %6.0f %7.1f %8.1f %7.0f %7.1f %7.1f\n",
      name.c_str(), static_cast<long long>(report.calls), percent(report.hits, report.calls),
      percent(report.hits_with_room, report.had_room), percent(report.hand_offs, report.calls),
      percent(report.refusals, report.hand_offs + report.refusals), report.latency_ms,
      report.latency_p99_ms, report.load_max_over_mean, report.messages_per_s,
      report.bytes_per_s / 1000, report.view_bytes / 1000, report.view_age_ms, report.decision_us,
      report.decision_p99_us);
  if (report.wrong != 0) {
    std::printf("  BROKEN PROMISES: %lld\n", static_cast<long long>(report.wrong));
  }
  std::fflush(stdout);
}

// What is read is said by the call (hints), or is the action's habit (learned).
void fleets(std::uint64_t seed) {
  head();
  for (const int nodes : {10, 100, 1000}) {
    for (const bool hints : {true, false}) {
      Config config = fleet_of(nodes, seed);
      config.hints = config.data_by_call = hints;
      const std::string name =
          std::to_string(nodes) + " nodes, " + (hints ? "data by call" : "data by action");
      config.locality = false;
      row(name + ", off", locality_simulation::simulate(config));
      config.locality = true;
      row(name + ", on", locality_simulation::simulate(config));
    }
  }
}

void hot_spot(std::uint64_t seed) {
  head();
  for (const double utilization : {0.3, 0.6, 0.85}) {
    Config config = fleet_of(10, seed);
    config.actions = 50;
    config.hot = true;
    config.utilization = utilization;
    char name[64];
    std::snprintf(name, sizeof name, "one volume, %.0f %% busy", utilization * 100);
    row(name, locality_simulation::simulate(config));
  }
}

void waiting(std::uint64_t seed) {
  std::printf("waitMs,hit_percent,waited_percent,added_wait_ms,mean_ms,p99_ms\n");
  for (const int wait_ms : {0, 5, 20, 50, 200}) {
    Config config = fleet_of(10, seed);
    config.utilization = 0.5;
    config.wait_ms = wait_ms;
    const Report report = locality_simulation::simulate(config);
    std::printf("%d,%.1f,%.1f,%.2f,%.0f,%.0f\n", wait_ms, percent(report.hits, report.calls),
                percent(report.waited, report.calls), report.waited_ms, report.latency_ms,
                report.latency_p99_ms);
    std::fflush(stdout);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::string what = argc > 1 ? argv[1] : "all";
  const std::uint64_t seed = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1;
  std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
  if (what == "fleet" || what == "all") fleets(seed);
  if (what == "hot" || what == "all") hot_spot(seed);
  if (what == "wait" || what == "all") waiting(seed);
  return 0;
}
