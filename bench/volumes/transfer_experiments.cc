// Bytes from a producer to a consumer that begins when the producer has ended.
#include "experiments.h"
#include "stage.h"

namespace volumes_bench {
namespace {

using base::Result;
using base::Status;

constexpr std::uint64_t kBytes = 256 * kMiB;

Result<Row> produce_and_consume(Subject& subject, Node consumer, std::uint64_t bytes, int round) {
  const std::string name = "file" + std::to_string(consumer) + "-" + std::to_string(round);
  const auto seed = static_cast<std::uint64_t>(round) + 1;
  TRY(const double write, timed([&] { return write_in(subject, kNodeA, name, bytes, seed); }));
  TRY(const double read, timed([&] { return read_in(subject, consumer, name, bytes, seed); }));
  TRY(const double again, timed([&] { return read_in(subject, kNodeA, name, bytes, seed); }));
  TRY_STATUS(remove_in(subject, kNodeA, {name}));
  return Row{{"write s", write},
             {"read s", read},
             {"end to end s", write + read},
             {"again on A MiB/s", static_cast<double>(bytes) / kMiB / again}};
}

Result<Row> of_size(Subject& subject, std::uint64_t bytes, int round) {
  TRY(const auto row, produce_and_consume(subject, kNodeB, bytes, round));
  return Row{{"end to end MiB/s", static_cast<double>(bytes) / kMiB / row.at(2).second}};
}

Result<Row> many_files(Subject& subject, int round) {
  constexpr int kFiles = 100;
  const auto name = [&](int i) { return "many" + std::to_string(i); };
  const auto seed = static_cast<std::uint64_t>(round);
  TRY(const double taken, timed([&]() -> Status {
        const Status written = activation(subject, kNodeA, [&](const Path& root) -> Status {
          for (int i = 0; i < kFiles; ++i) TRY_STATUS(write_file(root / name(i), kMiB, seed));
          return {};
        });
        TRY_STATUS(written);
        return activation(subject, kNodeB, [&](const Path& root) -> Status {
          for (int i = 0; i < kFiles; ++i) TRY_STATUS(read_whole_file(root / name(i), kMiB, seed));
          return {};
        });
      }));
  std::vector<std::string> names;
  for (int i = 0; i < kFiles; ++i) names.push_back(name(i));
  TRY_STATUS(remove_in(subject, kNodeA, names));
  return Row{{"100 files of 1 MiB s", taken}};
}

// `writers` write at once on A, then `readers` read all of it at once on B.
Result<Row> fan(Subject& subject, int writers, int readers, const std::string& what) {
  const std::uint64_t bytes = kBytes / static_cast<std::uint64_t>(writers);
  const auto name = [](int i) { return "fan" + std::to_string(i); };
  std::vector<std::function<Status()>> write, read;
  std::vector<std::string> names;
  for (int i = 0; i < writers; ++i) {
    names.push_back(name(i));
    write.emplace_back([&, i] { return write_in(subject, kNodeA, name(i), bytes, 7); });
  }
  for (int i = 0; i < readers; ++i) {
    read.emplace_back([&] {
      return activation(subject, kNodeB, [&](const Path& root) -> Status {
        for (const auto& one : names) TRY_STATUS(read_whole_file(root / one, bytes, 7));
        return {};
      });
    });
  }
  TRY(const double taken, timed([&]() -> Status {
        TRY_STATUS(at_once(write));
        return at_once(read);
      }));
  TRY_STATUS(remove_in(subject, kNodeA, names));
  return Row{{what, taken}};
}

}  // namespace

void producer_and_consumer(World& world) {
  world.measure("F1", "256 MiB from a producer on node A to a consumer on node B", world.all(),
                {5, 3, 12}, [](Subject& subject, int round) {
                  return produce_and_consume(subject, kNodeB, kBytes, round);
                });
  world.measure("F2", "the same, the consumer on node A, too", world.all(), {5, 3, 8},
                [](Subject& subject, int round) {
                  return produce_and_consume(subject, kNodeA, kBytes, round);
                });
}

void fan_out_and_in(World& world) {
  world.measure("F6",
                "256 MiB: 1 producer on A, 4 consumers on B; 4 producers, 1 consumer; 100 files",
                world.all_but({"s3fs"}), {3, 1, 8}, [](Subject& subject, int round) -> Result<Row> {
                  TRY(Row row, fan(subject, 1, 4, "1 to 4 s"));
                  TRY(const Row in, fan(subject, 4, 1, "4 to 1 s"));
                  TRY(const Row many, many_files(subject, round));
                  row.push_back(in[0]);
                  row.push_back(many[0]);
                  return row;
                });
}

void sizes(World& world) {
  for (const auto& [text, bytes] : {std::pair("1 KiB", kKiB),
                                    {"64 KiB", 64 * kKiB},
                                    {"1 MiB", kMiB},
                                    {"16 MiB", 16 * kMiB},
                                    {"64 MiB", 64 * kMiB},
                                    {"1 GiB", kGiB}}) {
    const bool large = bytes == kGiB;
    world.measure("F8 " + std::string(text), "F1 with a file of " + std::string(text),
                  large ? world.only({kNative, kEphemeral}) : world.all_but({"s3fs"}),
                  {large ? 1 : 5, large ? 1 : 2, 4},
                  [&](Subject& subject, int round) { return of_size(subject, bytes, round); });
  }
}

}  // namespace volumes_bench
