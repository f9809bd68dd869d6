// What a daemon's memory is: idle, and when it knows many ephemeral names.
#include <fcntl.h>

#include <array>
#include <fstream>

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

// From the number `first` on; the number of the last one and one, when all are made or the time is
// over.
Result<int> make_names(Subject& subject, int first, int end) {
  const auto start = Clock::now();
  int made = first;
  const Status done = activation(
      subject, kNodeA,
      [&](const Path& root) -> Status {
        for (; made < end && seconds_since(start) < kSecondsMax / 2; ++made) {
          const Path directory = root / std::to_string(made / kInDirectory);
          if (made == first || made % kInDirectory == 0)
            std::filesystem::create_directory(directory);
          TRY_STATUS(touch(directory / ("name" + std::to_string(made))));
        }
        return {};
      },
      "many");
  TRY_STATUS(done);
  return made;
}

struct Known {
  int names = 0;
  std::array<double, 2> memory{};
};

Result<Known> know(World& world, Subject& subject, int first, int end) {
  TRY(const int names, make_names(subject, first, end));
  TRY(const auto seen, subject.begin(kNodeB, "many"));
  return Known{names, memory_of_both(world)};
}

// What a name costs is seen between two points: before the first there are tables yet to be made.
Result<Row> million(World& world, Subject& subject) {
  TRY(const Known half, know(world, subject, 0, kNames / 2));
  TRY(const Known whole, know(world, subject, half.names, kNames));
  Row row{{"files", whole.names}};
  for (const Node node : {kNodeA, kNodeB}) {
    const std::string name = node == kNodeA ? "node A" : "node B";
    const double grown = whole.memory.at(node) - half.memory.at(node);
    const double a_name = grown / std::max(1, whole.names - half.names);
    row.emplace_back(name + " MB", whole.memory.at(node));
    row.emplace_back(name + " bytes a name", a_name * 1e6);
    row.emplace_back(name + " MB for a million",
                     whole.memory.at(node) + a_name * (kNames - whole.names));
  }
  return row;
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
                [&](Subject& subject, int) { return million(world, subject); });
}

}  // namespace volumes_bench
