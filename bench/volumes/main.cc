// volumes_bench: Larder's volumes and other file systems of a cluster, in one run.
//
// To be started by bench_volumes (beside this file), in namespaces of its own: it mounts, and
// starts services.
#include <CLI/CLI.hpp>
#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "experiments.h"
#include "subjects.h"
#include "testing/scratch_folder.h"

namespace {

using volumes_bench::World;

struct Experiment {
  const char* name;
  void (*run)(World& world);
};
constexpr std::array<Experiment, 14> kExperiments{{
    {"idle", volumes_bench::idle_memory},
    {"data", volumes_bench::data_path},
    {"transfer", volumes_bench::producer_and_consumer},
    {"follow", volumes_bench::reading_while_writing},
    {"fan", volumes_bench::fan_out_and_in},
    {"sizes", volumes_bench::sizes},
    {"small", volumes_bench::small_files},
    {"commits", volumes_bench::commits},
    {"attach", volumes_bench::attaching},
    {"durable", volumes_bench::durable_bytes},
    {"pipelines", volumes_bench::pipelines},
    {"logs", volumes_bench::log_pipeline},
    {"databases", volumes_bench::databases},
    {"names", volumes_bench::known_names},
}};

void run(const std::vector<std::string>& only, World& world) {
  const auto start = volumes_bench::Clock::now();
  for (const auto& experiment : kExperiments) {
    if (!only.empty() && std::ranges::find(only, experiment.name) == only.end()) continue;
    experiment.run(world);
    std::printf("    (%.0f s)\n", volumes_bench::seconds_since(start));
  }
}

}  // namespace

int main(int count, char** words) {
  std::vector<std::string> only;
  std::string json, services_folder;
  bool alone = false;
  CLI::App app("Larder's volumes beside other file systems.");
  app.add_option("experiments", only, "which; all by default");
  app.add_option("--json", json, "where the figures go");
  app.add_flag("--without-peers", alone, "native and ours alone");
  app.add_option("--services", services_folder,
                 "a folder for what services keep, on another file system than our files");
  CLI11_PARSE(app, count, words);
  std::signal(SIGPIPE, SIG_IGN);

  const testing_support::ScratchFolder scratch;
  const volumes_bench::Path services_root =
      services_folder.empty() ? scratch.path() : volumes_bench::Path(services_folder);
  volumes_bench::Services services(services_root / "services");
  World world;
  world.scratch = scratch.path();
  volumes_bench::start_subjects(world, services, !alone);
  run(only, world);
  volumes_bench::print_results(world);
  if (!json.empty()) std::ofstream(json) << world.report.to_json().to_pretty_string() << '\n';
  world.subjects.clear();
  world.nodes = {};
  return 0;
}
