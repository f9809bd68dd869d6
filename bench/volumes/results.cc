// What of all this is promised.
#include "experiments.h"

namespace volumes_bench {
namespace {

using bench::Bound;

std::optional<double> median(const World& world, const std::string& experiment,
                             const std::string& subject, const std::string& figure) {
  const auto spread = world.report.spread(experiment, subject, figure);
  if (!spread) return std::nullopt;
  return spread->median;
}

std::optional<double> compared(const World& world, const std::string& experiment,
                               const std::string& figure, const std::string& a,
                               const std::string& b) {
  return ratio(world.report.spread(experiment, a, figure),
               world.report.spread(experiment, b, figure));
}

void print_data_path(World& world) {
  for (const char* const figure :
       {"write MiB/s", "warm read MiB/s", "random read 4 KiB /s", "random write 4 KiB /s"})
    world.report.result(std::string("ephemeral ÷ native: ") + figure,
                        compared(world, "D1", figure, kEphemeral, kNative), Bound::kAtLeast, 0.95,
                        "");
}

void print_transfers(World& world) {
  world.report.result("256 MiB to another node, end to end: CephFS ÷ ephemeral",
                      compared(world, "F1", "end to end s", kCephFs, kEphemeral), Bound::kAtLeast,
                      8, "");
  for (const auto& [experiment, where, wanted] :
       {std::tuple("F4 same node", "same node", 5.0), {"F4 other node", "other node", 20.0}}) {
    const auto about = std::string("reading while writing, ") + where;
    world.report.result(about + ": lost", median(world, experiment, kEphemeral, "lost MiB"),
                        Bound::kAtMost, 0, "MiB");
    world.report.result(about + ": reader's end after the writer's close",
                        median(world, experiment, kEphemeral, "reader's end after close ms"),
                        Bound::kAtMost, wanted, "ms");
  }
}

void print_durable(World& world) {
  world.report.result("durable 256 MiB written and committed ÷ rados bench",
                      median(world, "F7", kDurable, "of rados bench ratio"), Bound::kAtLeast, 0.85,
                      "");
  for (const auto& [files, wanted] : {std::pair("1", 4.0), {"100", 10.0}, {"1000", 60.0}})
    world.report.result(
        "commit of " + std::string(files) + " small files",
        median(world, "M3 " + std::string(files), kDurable, std::string(files) + " files ms"),
        Bound::kAtMost, wanted, "ms");
  for (const std::string& subject : {kEphemeral, kDurable})
    world.report.result("attach + detach with no writes, " + subject,
                        median(world, "A1", subject, "attach + detach ms"), Bound::kAtMost, 1,
                        "ms");
}

void print_pipelines(World& world) {
  for (const std::string name : {"P1", "P4"})
    world.report.result(
        name + ": all durable ÷ ephemeral between",
        ratio(world.report.spread(name + " all durable", kDurable, "total s"),
              world.report.spread(name + " ephemeral between", kDurable, "total s")),
        Bound::kAtLeast, 3, "");
}

void print_names(World& world) {
  world.report.result("small ephemeral files, client and daemon on one core",
                      median(world, "M1 pinned", kEphemeral, "create /s"), Bound::kAtLeast, 20'000,
                      "/s");
  world.report.result("memory of an idle daemon", median(world, "MEM idle", kDurable, "idle MB"),
                      Bound::kAtMost, 40, "MB");
  for (const std::string node : {"node A", "node B"})
    world.report.result("memory of " + node + " with a million ephemeral files",
                        median(world, "MEM names", kEphemeral, node + " MB for a million"),
                        Bound::kAtMost, 400, "MB");
}

}  // namespace

void print_results(World& world) {
  print_data_path(world);
  print_transfers(world);
  print_names(world);
  print_durable(world);
  print_pipelines(world);
}

}  // namespace volumes_bench
