// Bytes to and from one file that is open, beside the same on the bare disk.
#include <fcntl.h>
#include <unistd.h>

#include <map>
#include <random>

#include "experiments.h"
#include "stage.h"

namespace volumes_bench {
namespace {

using base::Result;
using base::Status;

constexpr std::uint64_t kBytes = 256 * kMiB, kStep = kMiB, kBlock = 4 * kKiB;
constexpr int kRandomReads = 100'000, kRandomWrites = 30'000;

template <typename One>
Result<double> per_second(int count, const One& one) {
  TRY(const double taken, timed([&]() -> Status {
        for (int i = 0; i < count; ++i)
          if (!one(i)) return base::error_from_errno(errno, "reading or writing");
        return {};
      }));
  return count / taken;
}

off_t at_random(std::mt19937_64& random) {
  return static_cast<off_t>(random() % (kBytes / kBlock) * kBlock);
}

Result<Row> through(int fd) {
  std::vector<char> step(kStep, 'x');
  std::mt19937_64 random(42);
  constexpr int kSteps = kBytes / kStep;
  const auto offset = [](int i) { return static_cast<off_t>(i) * static_cast<off_t>(kStep); };
  TRY(const double written, per_second(kSteps, [&](int i) {
        return ::pwrite(fd, step.data(), kStep, offset(i)) == static_cast<ssize_t>(kStep);
      }));
  TRY(const double read, per_second(kSteps, [&](int i) {
        return ::pread(fd, step.data(), kStep, offset(i)) == static_cast<ssize_t>(kStep);
      }));
  TRY(const double random_reads, per_second(kRandomReads, [&](int) {
        return ::pread(fd, step.data(), kBlock, at_random(random)) == static_cast<ssize_t>(kBlock);
      }));
  TRY(const double random_writes, per_second(kRandomWrites, [&](int) {
        return ::pwrite(fd, step.data(), kBlock, at_random(random)) == static_cast<ssize_t>(kBlock);
      }));
  return Row{{"write MiB/s", written},
             {"warm read MiB/s", read},
             {"random read 4 KiB /s", random_reads},
             {"random write 4 KiB /s", random_writes}};
}

}  // namespace

// The file is written once before it is measured: what is compared is the way to the page cache,
// not the disk behind it.
void data_path(World& world) {
  struct Open {
    std::unique_ptr<Activation> activation;
    base::UniqueFd fd;
  };
  std::map<const Subject*, Open> open;
  world.measure("D1", "one file of 256 MiB, open, in the page cache",
                world.only({kNative, kEphemeral, kDurable}), {9, 9, 20},
                [&](Subject& subject, int) -> Result<Row> {
                  auto& [one, fd] = open[&subject];
                  if (!one) {
                    TRY(one, subject.begin(kNodeA, kVolume));
                    TRY_STATUS(write_file(one->root() / "path", kBytes, 1));
                    TRY(fd, open_file(one->root() / "path", O_RDWR));
                    TRY(const Row warm, through(fd.get()));
                  }
                  return through(fd.get());
                });
  for (auto& [subject, one] : open) {
    one.fd.reset();
    if (one.activation) static_cast<void>(remove_file(one.activation->root() / "path").ok());
  }
}

}  // namespace volumes_bench
