// What a daemon's memory is: idle, and when it knows many ephemeral names.
#include <fcntl.h>

#include <fstream>
#include <thread>

#include "experiments.h"
#include "stage.h"

namespace volumes_bench {
namespace {

using base::Result;
using base::Status;

constexpr int kNames = 1'000'000, kInDirectory = 10'000;
constexpr double kSecondsMax = 75;  // then the rest is reckoned from what there is

// Proportional set size of the keeper and the daemon.
double memory_mb(const LarderNode& node) {
  double kb = 0;
  for (const pid_t process : node.processes()) {
    std::ifstream rollup("/proc/" + std::to_string(process) + "/smaps_rollup");
    for (std::string line; std::getline(rollup, line);)
      if (line.starts_with("Pss:")) kb += std::stod(line.substr(4));
  }
  return kb * 1024 / 1e6;
}

std::array<double, 2> memory_of_both(const World& world) {
  return {memory_mb(*world.nodes[kNodeA]), memory_mb(*world.nodes[kNodeB])};
}

Status touch(const Path& path) {
  TRY(const auto fd, open_file(path, O_WRONLY | O_CREAT | O_EXCL));
  return {};
}

// How many it made before the time was over.
Result<int> make_names(Subject& subject, int wanted) {
  const auto start = Clock::now();
  int made = 0;
  const Status done = activation(
      subject, kNodeA,
      [&](const Path& root) -> Status {
        for (; made < wanted && seconds_since(start) < kSecondsMax; ++made) {
          const Path directory = root / std::to_string(made / kInDirectory);
          if (made % kInDirectory == 0) std::filesystem::create_directory(directory);
          TRY_STATUS(touch(directory / ("name" + std::to_string(made))));
        }
        return {};
      },
      "many");
  TRY_STATUS(done);
  return made;
}

}  // namespace

void idle_memory(World& world) {
  if (!world.nodes[kNodeA]) return;
  world.measure("MEM idle", "memory of a daemon that has nothing to do, MB", world.only({kDurable}),
                {1, 1, 1}, [&](Subject&, int) -> Result<Row> {
                  return Row{{"idle MB", memory_mb(*world.nodes[kNodeA])}};
                });
}

void known_names(World& world) {
  if (!world.nodes[kNodeA]) return;
  world.measure("MEM names", "memory of both daemons when ephemeral files are known to them",
                world.only({kEphemeral}), {1, 1, 2 * kSecondsMax},
                [&](Subject& subject, int) -> Result<Row> {
                  const auto before = memory_of_both(world);
                  TRY(const int made, make_names(subject, kNames));
                  TRY(const auto seen, subject.begin(kNodeB, "many"));
                  const auto after = memory_of_both(world);
                  Row row{{"files", made}};
                  for (const Node node : {kNodeA, kNodeB}) {
                    const std::string name = node == kNodeA ? "node A" : "node B";
                    const double a_name = (after.at(node) - before.at(node)) / made;
                    row.emplace_back(name + " MB", after.at(node));
                    row.emplace_back(name + " bytes a name", a_name * 1e6);
                    row.emplace_back(name + " MB for a million", before.at(node) + a_name * kNames);
                  }
                  return row;
                });
}

}  // namespace volumes_bench
