// What an activation's begin and end cost, and durable bytes beside the cluster's own benchmark.
#include <fcntl.h>

#include "experiments.h"
#include "floors.h"
#include "stage.h"
#include "storage_ceph/ceph_store.h"

namespace volumes_bench {
namespace {

using base::Result;
using base::Status;

constexpr std::uint64_t kBytes = 256 * kMiB;

// The store itself, as the floor: what one question and one change of it cost.
class StoreFloor {
 public:
  static Result<StoreFloor> connect(const World& world) {
    if (!world.rados) return base::Error{base::ErrorCode::kUnavailable, "there is no Ceph"};
    storage_ceph::CephOptions options;
    options.conf_file = world.rados->conf_file;
    options.user = world.rados->user;
    TRY(auto store, storage_ceph::connect(options));
    StoreFloor floor(std::move(store));
    TRY_STATUS(floor.change_ms(1));  // so that there is something to ask for
    return floor;
  }

  // A change with a guard, and values of 4 KiB.
  Result<double> change_ms(int values) {
    storage::ObjectWrite change;
    change.omap_equals = {{"head", std::exchange(head_, std::to_string(++changes_))}};
    change.omap_set["head"] = head_;
    for (int i = 0; i < values; ++i)
      change.omap_set[head_ + "." + std::to_string(i)] =
          std::string(4 * kKiB, static_cast<char>('a' + i % 26));
    TRY(const double taken, timed([&]() -> Status {
          TRY(const auto version, store_->write(object_, std::move(change)));
          return version > 0 ? Status() : failed("changing", "the floor");
        }));
    return taken * 1000;
  }

  // One value.
  Result<double> question_ms() {
    TRY(const double taken, timed([&]() -> Status {
          TRY(const auto page, store_->omap_get(object_, {"head"}));
          return page.entries.size() == 1 ? Status() : failed("asking", "the floor");
        }));
    return taken * 1000;
  }

 private:
  explicit StoreFloor(std::unique_ptr<storage::ObjectStore> store)
      : store_(std::move(store)),
        object_{storage::Pool::kMetadata, "bench-floor",
                std::to_string(Clock::now().time_since_epoch().count())} {}

  std::unique_ptr<storage::ObjectStore> store_;
  storage::ObjectId object_;
  std::string head_;
  int changes_ = 0;
};

Result<Row> commit_of(Subject& subject, StoreFloor* floor, int files, int round) {
  const auto name = [&](int i) {
    return "c" + std::to_string(files) + "-" + std::to_string(round) + "-" + std::to_string(i);
  };
  TRY(const auto one, subject.begin(kNodeA, "commits"));
  for (int i = 0; i < files; ++i)
    TRY_STATUS(write_file(one->root() / name(i), 4 * kKiB, static_cast<std::uint64_t>(i)));
  TRY(const double taken, timed([&] { return one->finish(); }));
  Row row{{std::to_string(files) + " files ms", taken * 1000}};
  if (floor == nullptr) return row;
  TRY(const double least, floor->change_ms(files));
  row.push_back({"the store's own change ms", least});
  return row;
}

Result<Row> attach_and_detach(Subject& subject, StoreFloor* floor) {
  TRY(const double taken, timed([&] {
        return activation(subject, kNodeA, [](const Path&) { return Status(); }, "idle");
      }));
  Row row{{"attach + detach ms", taken * 1000}};
  if (floor == nullptr) return row;
  TRY(const double least, floor->question_ms());
  row.push_back({"one question of the store ms", least});
  return row;
}

// A machine that lends its free memory out takes ten times as long for a page that is new to it,
// and then any file's bytes do: not what is measured here. What a removed file had is not lent yet.
Status borrow_pages(const Path& folder) {
  TRY_STATUS(write_file(folder / "pages", kBytes, 1));
  return remove_file(folder / "pages");
}

// A cluster's speed changes from second to second: its own benchmark runs between ours.
Result<Row> beside_rados(const World& world, Subject& subject, int round) {
  const RadosFloor& rados = *world.rados;
  TRY_STATUS(borrow_pages(world.scratch));
  const auto floor =
      bench::rados_bench(rados.conf_file, rados.user, rados.pool, kPiece, 16, kBytes / kPiece);
  const std::string name = "durable" + std::to_string(round);
  double writing = 0, committing = 0;
  TRY_STATUS(borrow_pages(world.scratch));
  TRY(const double taken, timed([&]() -> Status {
        TRY(const auto one, subject.begin(kNodeA, kVolume));
        TRY(writing, timed([&] { return write_file(one->root() / name, kBytes, 5); }));
        TRY(committing, timed([&] { return one->finish(); }));
        return {};
      }));
  TRY_STATUS(remove_in(subject, kNodeA, {name}));
  const double ours = static_cast<double>(kBytes) / kMiB / taken;
  return Row{{"written and committed MiB/s", ours},
             {"rados bench MiB/s", floor.mib_s},
             {"of rados bench ratio", ours / floor.mib_s},
             {"of it writing s", writing},
             {"of it the commit s", committing}};
}

}  // namespace

void commits(World& world) {
  auto floor = StoreFloor::connect(world);
  StoreFloor* const store = floor ? &*floor : nullptr;
  for (const auto& [files, rounds] : {std::pair(1, 21), {10, 21}, {100, 11}, {1000, 7}}) {
    world.measure("M3 " + std::to_string(files),
                  "a commit of " + std::to_string(files) + " new files of 4 KiB, its end alone",
                  world.only({kDurable}), {rounds, rounds, 10}, [&](Subject& subject, int round) {
                    return commit_of(subject, store, files, round);
                  });
  }
}

void attaching(World& world) {
  auto floor = StoreFloor::connect(world);
  StoreFloor* const store = floor ? &*floor : nullptr;
  world.measure("A1", "attach, mount, unmount and detach a volume in which nothing is written",
                world.only({kEphemeral, kDurable}), {101, 101, 5},
                [&](Subject& subject, int) { return attach_and_detach(subject, store); });
}

void durable_bytes(World& world) {
  if (!world.rados) return;
  world.measure("F7", "256 MiB written in one activation, with its commit", world.only({kDurable}),
                {5, 5, 25},
                [&](Subject& subject, int round) { return beside_rados(world, subject, round); });
}

}  // namespace volumes_bench
