// larder-controller-sim: plays a controller against invokers. See README.md.
#include <chrono>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <iostream>

#include "controller_sim/run.h"

namespace {

using controller_sim::Breaches;
using controller_sim::Options;
using controller_sim::RunReport;

controller_sim::Signals signals;

// The first asks for a clean end, the second ends at once.
void on_stop(int number) {
  signals.stop = true;
  std::signal(number, SIG_DFL);
}

void on_death(int /*number*/) { ++signals.deaths; }

void handle_signals() {
  std::signal(SIGINT, on_stop);
  std::signal(SIGTERM, on_stop);
  std::signal(SIGUSR1, on_death);
  std::signal(SIGPIPE, SIG_IGN);
}

// What a run draws at random when nobody says: printed with the report, so that it can be run
// again.
void choose_random(Options& options) {
  auto& seed = options.load.seed;
  if (seed == 0) {
    seed = static_cast<std::uint64_t>(std::chrono::system_clock::now().time_since_epoch().count());
  }
  controller_sim::Random random(seed + 1);
  controller_sim::Caller& caller = options.set_up.caller;
  if (caller.namespace_uuid.empty()) caller.namespace_uuid = controller_sim::random_uuid(random);
  if (caller.key.empty()) caller.key = controller_sim::random_text(random, 64);
}

// A report on stdout, as text or as JSON; JSON in a file besides.
bool print(const Options& options, const RunReport& report, const Breaches& breaches) {
  const std::string json = report.to_json(breaches).to_pretty_string() + "\n";
  if (options.json_path == "-") {
    std::cout << json;
    return true;
  }
  std::cout << controller_sim::report_text(report, breaches);
  if (options.json_path.empty()) return true;
  std::ofstream file(options.json_path);
  file << json;
  file.flush();
  if (!file) std::cerr << "cannot write " << options.json_path << "\n";
  return file.good();
}

}  // namespace

int main(int argc, char** argv) {
  int exit_code = 0;
  auto options = controller_sim::read_options(argc, argv, exit_code);
  if (!options) return exit_code;
  choose_random(*options);
  handle_signals();
  Breaches breaches(options->checks.tolerated);
  const auto say = [&options](const std::string& line) {
    if (!options->quiet) std::cerr << line << "\n" << std::flush;
  };
  const auto report = controller_sim::run(*options, breaches, signals, say);
  if (!report) {
    std::cerr << "larder-controller-sim: " << report.error().message << "\n";
    return 2;
  }
  const bool printed = print(*options, *report, breaches);
  if (!printed) return 2;
  return breaches.failed() ? 1 : 0;
}
