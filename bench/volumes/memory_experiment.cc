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
constexpr double kSecondsMax = 90;

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

Status touch(const Path& path) {
  return open_file(path, O_WRONLY | O_CREAT | O_EXCL).ok() ? Status() : failed("making", path);
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
                  const double a = memory_mb(*world.nodes[kNodeA]);
                  const double b = memory_mb(*world.nodes[kNodeB]);
                  TRY(const int made, make_names(subject, kNames));
                  TRY(const auto seen, subject.begin(kNodeB, "many"));
                  const double a_after = memory_mb(*world.nodes[kNodeA]);
                  const double b_after = memory_mb(*world.nodes[kNodeB]);
                  return Row{{"files", made},
                             {"node A MB", a_after},
                             {"node B MB", b_after},
                             {"node A bytes a name", (a_after - a) * 1e6 / made},
                             {"node B bytes a name", (b_after - b) * 1e6 / made}};
                });
}

}  // namespace volumes_bench
