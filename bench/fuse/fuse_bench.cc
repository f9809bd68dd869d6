// What FUSE costs: a directory through fuse_mirror beside the directory itself, in the same run.
#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <random>
#include <thread>
#include <vector>

#include "base/check.h"
#include "base/unique_fd.h"
#include "mirror_mount.h"

namespace {

using base::UniqueFd;
using Path = std::filesystem::path;

constexpr int kRounds = 7;
constexpr std::size_t kPiece = 1 << 20, kPieces = 256, kSmall = 4096;
constexpr int kRandomReads = 100'000, kRandomWrites = 30'000, kFiles = 2000;

double seconds(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

struct Figure {
  double median = 0, least = 0, most = 0;
};

Figure figure_of(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return {values[values.size() / 2], values.front(), values.back()};
}

UniqueFd open_file(const Path& path, int flags) {
  UniqueFd fd(::open(path.c_str(), flags, 0644));
  CHECK(fd.valid());
  return fd;
}

// Each gives work per second in one directory.
double sequential_write(const Path& directory) {
  const std::vector<char> piece(kPiece, 'x');
  const UniqueFd fd = open_file(directory / "big", O_RDWR | O_CREAT);
  return kPieces / seconds([&] {
           for (std::size_t i = 0; i < kPieces; ++i) {
             CHECK(::pwrite(fd.get(), piece.data(), kPiece, static_cast<off_t>(i * kPiece)) > 0);
           }
         });
}

double warm_read(const Path& directory) {
  std::vector<char> piece(kPiece);
  const UniqueFd fd = open_file(directory / "big", O_RDONLY);
  return kPieces / seconds([&] {
           for (std::size_t i = 0; i < kPieces; ++i) {
             CHECK(::pread(fd.get(), piece.data(), kPiece, static_cast<off_t>(i * kPiece)) > 0);
           }
         });
}

double at_random(const Path& directory, int count, const std::function<ssize_t(int, off_t)>& one) {
  std::mt19937_64 random(42);
  const UniqueFd fd = open_file(directory / "big", O_RDWR);
  constexpr std::size_t kBlocks = kPiece * kPieces / kSmall;
  return count / seconds([&] {
           for (int i = 0; i < count; ++i) {
             CHECK(one(fd.get(), static_cast<off_t>(random() % kBlocks * kSmall)) ==
                   static_cast<ssize_t>(kSmall));
           }
         });
}

double random_read(const Path& directory) {
  std::vector<char> block(kSmall);
  return at_random(directory, kRandomReads,
                   [&](int fd, off_t at) { return ::pread(fd, block.data(), kSmall, at); });
}

double random_write(const Path& directory) {
  const std::vector<char> block(kSmall, 'y');
  return at_random(directory, kRandomWrites,
                   [&](int fd, off_t at) { return ::pwrite(fd, block.data(), kSmall, at); });
}

Path file_of(const Path& directory, int thread, int i) {
  return directory / ("f" + std::to_string(thread) + "-" + std::to_string(i));
}

void create(const Path& path) {
  static const std::vector<char> block(kSmall, 'z');
  const UniqueFd fd = open_file(path, O_WRONLY | O_CREAT | O_EXCL);
  CHECK(::write(fd.get(), block.data(), kSmall) == static_cast<ssize_t>(kSmall));
}

void look(const Path& path) {
  struct stat stat{};
  CHECK(::stat(path.c_str(), &stat) == 0);
}

void read_back(const Path& path) {
  char block[kSmall];
  const UniqueFd fd = open_file(path, O_RDONLY);
  CHECK(::read(fd.get(), block, kSmall) == static_cast<ssize_t>(kSmall));
}

void remove_file(const Path& path) { CHECK(::unlink(path.c_str()) == 0); }

struct SmallFileStep {
  const char* name;
  void (*run)(const Path& path);
};
constexpr SmallFileStep kSteps[] = {{"create + write 4 KiB + close", create},
                                    {"stat", look},
                                    {"open + read + close", read_back},
                                    {"unlink", remove_file}};

double step(const SmallFileStep& step, const Path& directory, int threads) {
  return threads * kFiles / seconds([&] {
           std::vector<std::jthread> all;
           for (int thread = 0; thread < threads; ++thread) {
             all.emplace_back([&, thread] {
               for (int i = 0; i < kFiles; ++i) step.run(file_of(directory, thread, i));
             });
           }
         });
}

void print(const char* what, const Figure& native, const Figure& ours, const char* unit) {
  std::printf("%-46s native %10.0f   fuse %10.0f [%.0f-%.0f] %s   ratio %.2f\n", what,
              native.median, ours.median, ours.least, ours.most, unit, ours.median / native.median);
  std::fflush(stdout);
}

void result(const std::string& what, double reached, double wanted, const char* format) {
  char text[64], least[64];
  std::snprintf(text, sizeof text, format, reached);
  std::snprintf(least, sizeof least, format, wanted);
  std::printf("RESULT|%s|%s|%s|%s\n", what.c_str(), text, least, reached >= wanted ? "yes" : "no");
}

// Native and ours in turn, so that both see the same machine.
void measure_data(const MirrorMount& mount) {
  struct Kind {
    const char* name;
    double (*run)(const Path& directory);
    const char* unit;
  };
  constexpr Kind kKinds[] = {{"sequential write", sequential_write, "MiB/s"},
                             {"warm read", warm_read, "MiB/s"},
                             {"random read 4 KiB", random_read, "1/s"},
                             {"random write 4 KiB", random_write, "1/s"}};
  std::filesystem::create_directory(mount.native() / "native");
  std::filesystem::create_directory(mount.native() / "ours");
  const Path native = mount.native() / "native", ours = mount.mounted() / "ours";
  sequential_write(native);  // the first touch allocates
  sequential_write(ours);
  for (const Kind& kind : kKinds) {
    std::vector<double> of_native, of_ours;
    for (int round = 0; round < kRounds; ++round) {
      of_native.push_back(kind.run(native));
      of_ours.push_back(kind.run(ours));
    }
    const Figure one = figure_of(of_native), other = figure_of(of_ours);
    print(kind.name, one, other, kind.unit);
    result(std::string("FUSE passthrough ÷ native, ") + kind.name, other.median / one.median, 0.95,
           "%.2f");
  }
}

std::vector<Figure> measure_steps(const Path& directory, int threads) {
  std::vector<std::vector<double>> values(std::size(kSteps));
  for (int round = 0; round < kRounds; ++round) {
    const Path fresh = directory / ("round" + std::to_string(round));
    std::filesystem::create_directory(fresh);
    for (std::size_t i = 0; i < std::size(kSteps); ++i) {
      values[i].push_back(step(kSteps[i], fresh, threads));
    }
  }
  std::vector<Figure> figures;
  for (auto& one : values) figures.push_back(figure_of(one));
  return figures;
}

double measure_small_files(const MirrorMount& mount, const char* how, int threads) {
  std::filesystem::create_directory(mount.native() / "native");
  std::filesystem::create_directory(mount.native() / "ours");
  const auto native = measure_steps(mount.native() / "native", threads);
  const auto ours = measure_steps(mount.mounted() / "ours", threads);
  for (std::size_t i = 0; i < std::size(kSteps); ++i) {
    print((std::string(kSteps[i].name) + ", " + how).c_str(), native[i], ours[i], "1/s");
  }
  return ours[0].median;
}

void stay_on(int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(static_cast<std::size_t>(cpu), &set);
  CHECK(::sched_setaffinity(0, sizeof set, &set) == 0);
}

void go_anywhere() {
  cpu_set_t set;
  CPU_ZERO(&set);
  for (unsigned cpu = 0; cpu < std::thread::hardware_concurrency(); ++cpu) CPU_SET(cpu, &set);
  ::sched_setaffinity(0, sizeof set, &set);
}

}  // namespace

int main(int argc, char** argv) {
  Path data = "/tmp", small = "/dev/shm";
  int cpu = 0;
  bool only_small = false;
  CLI::App app("Measures FUSE against what is beneath it.");
  app.add_option("--data", data, "where large files go");
  app.add_option("--small", small, "where small files go");
  app.add_option("--cpu", cpu, "of the pinned runs");
  app.add_flag("--only-small", only_small);
  CLI11_PARSE(app, argc, argv);
  const std::string name = "larder-bench-fuse-" + std::to_string(::getpid());
  if (!only_small) measure_data(MirrorMount(data / name, {}));
  measure_small_files(MirrorMount(small / name, {}), "not pinned", 1);
  measure_small_files(MirrorMount(small / name, {"--spin", "50"}), "spinning 50 us", 1);
  measure_small_files(MirrorMount(small / name, {}), "2 threads, not pinned", 2);
  stay_on(cpu);
  const double pinned = measure_small_files(
      MirrorMount(small / name, {"--cpus", std::to_string(cpu)}), "pinned to one core", 1);
  go_anywhere();
  result("small files through FUSE, create + write 4 KiB + close per second, pinned", pinned, 20000,
         "%.0f");
  return 0;
}
