// Object stores against what the same bytes cost without them, in one run: the embedded one against
// writing and syncing files, Ceph against its own `rados bench` on the same cluster.
#include <cstdio>
#include <functional>
#include <string>

#include "figures.h"
#include "floors.h"
#include "loads.h"
#include "own_ceph.h"
#include "storage_ceph/ceph_store.h"
#include "storage_embedded/embedded_store.h"
#include "testing/scratch_folder.h"

namespace {

using bench::Bound;
using bench::kObjectBytes;
using bench::kObjects;
using bench::kValueBytes;

constexpr int kRounds = 5;
constexpr int kCommits = 60;

// The median of a figure, of its floor, and of their ratio, taken in turn.
struct Compared {
  double ours = 0, floor = 0, ratio = 0;
};

// `better` is the larger one of the two in a ratio where more is better.
Compared compare(const std::function<double()>& ours, const std::function<double()>& floor,
                 bool less_is_better) {
  bench::Samples ours_all, floor_all, ratios;
  for (int round = 0; round < kRounds; ++round) {
    const double f = floor(), o = ours();
    ours_all.add(o);
    floor_all.add(f);
    ratios.add(less_is_better ? f / o : o / f);
  }
  return {ours_all.percentile(0.5), floor_all.percentile(0.5), ratios.percentile(0.5)};
}

void print(const std::string& what, const Compared& found, const char* unit, double wanted) {
  std::printf("%-58s %9.2f %s, floor %9.2f %s\n", what.c_str(), found.ours, unit, found.floor,
              unit);
  bench::print_result(what + ", of the floor's speed", found.ratio, Bound::kAtLeast, wanted, "");
}

void measure_embedded() {
  const testing_support::ScratchFolder folder;
  storage_embedded::EmbeddedOptions options;
  options.directory = folder.path() / "store";
  const auto store = *storage_embedded::open_store(options);
  for (const auto& [values, wanted] : {std::pair(1, 0.4), {100, 0.15}, {500, 0.15}}) {
    const auto found =
        compare([&] { return bench::commit_ms(*store, "bench", values, kCommits); },
                [&] {
                  return bench::append_ms(folder.path(),
                                          kValueBytes * static_cast<std::size_t>(values), kCommits);
                },
                true);
    print("embedded: one change with " + std::to_string(values) + " values of 4 KiB", found, "ms",
          wanted);
  }
  const auto found = compare([&] { return bench::upload_mib_s(*store, "bench"); },
                             [&] {
                               return bench::files_mib_s(folder.path(), kObjects, kObjectBytes,
                                                         options.file_writers);
                             },
                             false);
  print("embedded: 256 MiB as objects of 4 MiB", found, "MiB/s", 0.7);
}

void measure_ceph() {
  const storage_objects::OwnCeph ceph;
  if (!ceph.reason().empty()) {
    std::printf("no Ceph: %s\n", ceph.reason().c_str());
    return;
  }
  const auto options = ceph.options();
  const auto store = *storage_ceph::connect(options);
  const auto rados = [&](const std::string& pool, std::size_t bytes, std::size_t under_way,
                         std::size_t objects) {
    return bench::rados_bench(options.conf_file, options.user, pool, bytes, under_way, objects);
  };
  for (const auto& [values, wanted] : {std::pair(1, 0.7), {100, 0.3}, {500, 0.3}}) {
    const std::size_t bytes = kValueBytes * static_cast<std::size_t>(values);
    const auto found =
        compare([&] { return bench::commit_ms(*store, "bench", values, kCommits); },
                [&] { return rados(options.metadata_pool, bytes, 1, 0).latency_ms; }, true);
    print("Ceph: one change with " + std::to_string(values) + " values of 4 KiB", found, "ms",
          wanted);
  }
  const auto found = compare(
      [&] { return bench::upload_mib_s(*store, "bench"); },
      [&] { return rados(options.data_pool, kObjectBytes, bench::kUnderWay, kObjects).mib_s; },
      false);
  print("Ceph: 256 MiB as objects of 4 MiB", found, "MiB/s", 0.9);
}

}  // namespace

// bench_objects [embedded|ceph]
int main(int count, char** words) {
  const std::string only = count > 1 ? words[1] : "";
  if (only != "ceph") measure_embedded();
  if (only != "embedded") measure_ceph();
}
