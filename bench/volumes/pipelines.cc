// Pipelines of activations, with what they leave for each other in one tier or the other.
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <ctime>
#include <numeric>
#include <random>
#include <thread>

#include "experiments.h"
#include "stage.h"

namespace volumes_bench {
namespace {

using base::Result;
using base::Status;

// Where a pipeline keeps what.
struct Tiers {
  Subject& between;  // what one stage leaves for the next
  Subject& outcome;  // what goes in, and what comes out in the end
  bool placed;       // each stage runs where its input is

  Node node(int i) const { return placed || i % 2 == 0 ? kNodeA : kNodeB; }
};

// Both volumes of one activation.
template <typename Work>
Status stage(const Tiers& tiers, Node node, const Work& work) {
  TRY(const auto between, tiers.between.begin(node, "between"));
  TRY(const auto outcome, tiers.outcome.begin(node, "outcome"));
  TRY_STATUS(work(between->root(), outcome->root()));
  TRY_STATUS(between->finish());
  return outcome->finish();
}

using Stages = std::vector<std::function<Status()>>;

Status empty(Subject& subject, const std::string& volume) {
  return activation(
      subject, kNodeA,
      [](const Path& root) -> Status {
        for (const auto& entry : std::filesystem::directory_iterator(root))
          TRY_STATUS(remove_file(entry.path()));
        return {};
      },
      volume);
}

void burn(double cpu_seconds) {
  timespec time{};
  const auto now = [&] {
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
  };
  for (const double end = now() + cpu_seconds; now() < end;) {
  }
}

// P1: one film is split, its parts are worked on at once, and the results are put together.
constexpr int kWorkers = 8;
constexpr std::uint64_t kFilm = 256 * kMiB, kPart = kFilm / kWorkers;

std::string part(const char* what, int i) { return what + std::to_string(i); }

Status split(const Tiers& tiers) {
  return stage(tiers, tiers.node(0), [](const Path& between, const Path& outcome) -> Status {
    TRY_STATUS(read_whole_file(outcome / "film", kFilm, 1));
    for (int i = 0; i < kWorkers; ++i) TRY_STATUS(write_file(between / part("part", i), kPart, 2));
    return {};
  });
}

Status work_on(const Tiers& tiers, int i) {
  return stage(tiers, tiers.node(i), [i](const Path& between, const Path&) -> Status {
    TRY_STATUS(read_whole_file(between / part("part", i), kPart, 2));
    burn(0.5);
    return write_file(between / part("done", i), kPart / 2, 3);
  });
}

Status combine(const Tiers& tiers) {
  return stage(tiers, tiers.node(1), [](const Path& between, const Path& outcome) -> Status {
    for (int i = 0; i < kWorkers; ++i)
      TRY_STATUS(read_whole_file(between / part("done", i), kPart / 2, 3));
    return write_file(outcome / "result", kFilm / 2, 4);
  });
}

Result<Row> video(const Tiers& tiers) {
  TRY_STATUS(activation(
      tiers.outcome, kNodeA, [](const Path& root) { return write_file(root / "film", kFilm, 1); },
      "outcome"));
  Stages workers;
  for (int i = 0; i < kWorkers; ++i)
    workers.emplace_back([&tiers, i] { return work_on(tiers, i); });
  TRY(const double first, timed([&] { return split(tiers); }));
  TRY(const double second, timed([&] { return at_once(workers); }));
  TRY(const double third, timed([&] { return combine(tiers); }));
  return Row{{"total s", first + second + third},
             {"split s", first},
             {"work s", second},
             {"combine s", third}};
}

// P2: samples are read at random in two epochs; after each a checkpoint is kept.
constexpr int kSamples = 2000;
constexpr std::uint64_t kSample = 100 * kKiB, kCheckpoint = 64 * kMiB;

Status epoch(const Tiers& tiers, int number) {
  return stage(tiers, tiers.node(1), [&](const Path& between, const Path& outcome) -> Status {
    std::vector<int> order(kSamples);
    std::iota(order.begin(), order.end(), 0);
    std::ranges::shuffle(order, std::mt19937(static_cast<unsigned>(number)));
    for (const int i : order) TRY_STATUS(read_whole_file(between / part("sample", i), kSample, 5));
    return write_file(outcome / part("checkpoint", number), kCheckpoint, 6);
  });
}

Result<Row> learning(const Tiers& tiers) {
  TRY(const double made, timed([&] {
        return stage(tiers, tiers.node(0), [](const Path& between, const Path&) -> Status {
          for (int i = 0; i < kSamples; ++i)
            TRY_STATUS(write_file(between / part("sample", i), kSample, 5));
          return {};
        });
      }));
  TRY(const double first, timed([&] { return epoch(tiers, 0); }));
  TRY(const double second, timed([&] { return epoch(tiers, 1); }));
  return Row{{"total s", made + first + second},
             {"samples made s", made},
             {"first epoch s", first},
             {"second epoch s", second}};
}

// P4: four mappers cut their input by key, four reducers sort what is theirs.
constexpr int kMappers = 4, kReducers = 4;
constexpr std::uint64_t kInput = 64 * kMiB;
struct Record {
  std::uint64_t key = 0;
  std::array<std::uint64_t, 7> rest{};
};
using Records = std::vector<Record>;

Status write_records(const Path& path, const Records& records) {
  TRY(base::UniqueFd fd, open_file(path, O_WRONLY | O_CREAT | O_TRUNC));
  TRY_STATUS(write_all(fd.get(), reinterpret_cast<const char*>(records.data()),
                       records.size() * sizeof(Record)));
  return ::close(fd.release()) == 0 ? Status() : failed("closing", path);
}

Status read_records(const Path& path, Records& records) {
  TRY(const base::UniqueFd fd, open_file(path, O_RDONLY));
  const auto bytes = std::filesystem::file_size(path);
  const std::size_t before = records.size();
  records.resize(before + bytes / sizeof(Record));
  auto* to = reinterpret_cast<char*>(records.data() + before);
  for (std::uint64_t at = 0; at < bytes;) {
    const ssize_t got = ::read(fd.get(), to + at, bytes - at);
    if (got <= 0) return failed("reading", path);
    at += static_cast<std::uint64_t>(got);
  }
  return {};
}

std::uint64_t sum_of(const Records& records) {
  std::uint64_t sum = 0;
  for (const auto& record : records) sum += record.key;
  return sum;
}

std::string shuffled(int mapper, int reducer) {
  return "shuffle" + std::to_string(mapper) + "-" + std::to_string(reducer);
}

Status map(const Tiers& tiers, int mapper, std::atomic<std::uint64_t>& sum) {
  return stage(tiers, tiers.node(mapper), [&](const Path& between, const Path& outcome) -> Status {
    Records input;
    TRY_STATUS(read_records(outcome / part("input", mapper), input));
    sum += sum_of(input);
    std::array<Records, kReducers> cut;
    for (const auto& record : input) cut.at(record.key % kReducers).push_back(record);
    for (int i = 0; i < kReducers; ++i)
      TRY_STATUS(write_records(between / shuffled(mapper, i), cut.at(static_cast<unsigned>(i))));
    return {};
  });
}

Status reduce(const Tiers& tiers, int reducer, std::atomic<std::uint64_t>& sum) {
  return stage(tiers, tiers.node(reducer + 1),
               [&](const Path& between, const Path& outcome) -> Status {
                 Records all;
                 for (int i = 0; i < kMappers; ++i)
                   TRY_STATUS(read_records(between / shuffled(i, reducer), all));
                 std::ranges::sort(all, {}, &Record::key);
                 sum += sum_of(all);
                 return write_records(outcome / part("sorted", reducer), all);
               });
}

Status make_input(const Tiers& tiers) {
  return activation(
      tiers.outcome, kNodeA,
      [](const Path& root) -> Status {
        std::mt19937_64 random(7);
        for (int i = 0; i < kMappers; ++i) {
          Records records(kInput / sizeof(Record));
          for (auto& record : records) record.key = random();
          TRY_STATUS(write_records(root / part("input", i), records));
        }
        return {};
      },
      "outcome");
}

Result<Row> sorting(const Tiers& tiers) {
  TRY_STATUS(make_input(tiers));
  std::atomic<std::uint64_t> in = 0, out = 0;
  Stages mappers, reducers;
  for (int i = 0; i < kMappers; ++i) mappers.emplace_back([&, i] { return map(tiers, i, in); });
  for (int i = 0; i < kReducers; ++i)
    reducers.emplace_back([&, i] { return reduce(tiers, i, out); });
  TRY(const double first, timed([&] { return at_once(mappers); }));
  TRY(const double second, timed([&] { return at_once(reducers); }));
  if (in != out) return base::Error{base::ErrorCode::kDataLoss, "the sums of keys differ"};
  return Row{{"total s", first + second}, {"map s", first}, {"reduce s", second}};
}

struct Mode {
  const char* name;
  const std::string* between;
  bool placed;
};

// Each mode is an experiment of its own name, so that a figure of one stands beside the others'.
void in_all_modes(World& world, const std::string& name, const std::string& title,
                  const std::function<Result<Row>(const Tiers&)>& pipeline) {
  for (const Mode& mode :
       {Mode{"all durable", &kDurable, false}, Mode{"ephemeral between", &kEphemeral, false},
        Mode{"ephemeral, placed", &kEphemeral, true}}) {
    Subject* const between = world.find(*mode.between);
    if (between == nullptr || world.find(kDurable) == nullptr) continue;
    world.measure(name + " " + mode.name, title + ", " + mode.name, world.only({kDurable}),
                  {3, 1, 12}, [&](Subject& durable, int) -> Result<Row> {
                    const Tiers tiers{*between, durable, mode.placed};
                    auto row = pipeline(tiers);
                    TRY_STATUS(empty(*between, "between"));
                    TRY_STATUS(empty(durable, "outcome"));
                    return row;
                  });
  }
  world.measure(name + " peers", title + ", on others", world.only({kNative, kCephFs, "GlusterFS"}),
                {1, 1, 12}, [&](Subject& subject, int) -> Result<Row> {
                  auto row = pipeline(Tiers{subject, subject, false});
                  TRY_STATUS(empty(subject, "between"));
                  TRY_STATUS(empty(subject, "outcome"));
                  return row;
                });
}

}  // namespace

void pipelines(World& world) {
  in_all_modes(world, "P1", "a film of 256 MiB split, worked on by 8, put together", video);
  in_all_modes(world, "P2", "2000 samples of 100 KiB read in 2 epochs, with checkpoints", learning);
  in_all_modes(world, "P4", "256 MiB sorted by 4 mappers and 4 reducers", sorting);
}

}  // namespace volumes_bench
