// Names: small files made, looked at, listed, renamed and removed.
#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <span>

#include "experiments.h"
#include "stage.h"

namespace volumes_bench {
namespace {

using base::Result;
using base::Status;

constexpr int kFiles = 2000;
constexpr double kStepSecondsMax = 1.5;  // a slow subject does what it can in that time

std::string name_of(int i) { return "f" + std::to_string(i); }

Status create(const Path& path) {
  static const std::vector<char> block(4 * kKiB, 'z');
  TRY(base::UniqueFd fd, open_file(path, O_WRONLY | O_CREAT | O_EXCL));
  TRY_STATUS(write_all(fd.get(), block.data(), block.size()));
  return ::close(fd.release()) == 0 ? Status() : failed("closing", path);
}

Status look(const Path& path) {
  struct stat stat{};
  return ::stat(path.c_str(), &stat) == 0 ? Status() : failed("looking at", path);
}

Status read_back(const Path& path) {
  std::array<char, 4 * kKiB> block{};
  TRY(const base::UniqueFd fd, open_file(path, O_RDONLY));
  return ::read(fd.get(), block.data(), block.size()) == static_cast<ssize_t>(block.size())
             ? Status()
             : failed("reading", path);
}

Status rename_to(const Path& path) {
  return ::rename(path.c_str(), (path.native() + "r").c_str()) == 0 ? Status()
                                                                    : failed("renaming", path);
}

Status remove_renamed(const Path& path) {
  return ::unlink((path.native() + "r").c_str()) == 0 ? Status() : failed("removing", path);
}

struct Step {
  const char* figure;
  Status (*run)(const Path& path);
};
constexpr std::array<Step, 3> kBefore{
    {{"create /s", create}, {"stat /s", look}, {"open+read /s", read_back}}};
constexpr std::array<Step, 2> kAfter{{{"rename /s", rename_to}, {"unlink /s", remove_renamed}}};

// How many of the names in a directory it did before the time was over.
Result<int> repeat(const Step& step, const Path& directory, int names) {
  const auto start = Clock::now();
  for (int i = 0; i < names; ++i) {
    if (i % 16 == 0 && seconds_since(start) > kStepSecondsMax) return i;
    TRY_STATUS(step.run(directory / name_of(i)));
  }
  return names;
}

Result<int> list_and_stat(const Path& directory) {
  DIR* const opened = ::opendir(directory.c_str());
  if (opened == nullptr) return failed("listing", directory);
  int found = 0;
  struct stat stat{};
  const int folder = ::dirfd(opened);
  CHECK(folder >= 0);
  while (const dirent* const entry =
             ::readdir(opened))  // NOLINT(concurrency-mt-unsafe): ours alone
    if (::fstatat(folder, entry->d_name, &stat, 0) == 0 && S_ISREG(stat.st_mode)) ++found;
  ::closedir(opened);
  return found;
}

// One thread's part: its directory, and how many names are in it.
struct Part {
  Path directory;
  int names = kFiles;
};

// Runs on all parts at once; gives operations per second.
Result<double> on_all(std::vector<Part>& parts, const std::function<Result<int>(Part&)>& work) {
  std::atomic<int> done = 0;
  std::vector<std::function<Status()>> threads;
  for (auto& part : parts) {
    threads.emplace_back([&]() -> Status {
      TRY(const int count, work(part));
      done += count;
      return {};
    });
  }
  TRY(const double taken, timed([&] { return at_once(threads); }));
  return done / taken;
}

Status run_steps(std::span<const Step> steps, std::vector<Part>& parts, Row& row) {
  for (const Step& step : steps) {
    TRY(const double rate, on_all(parts, [&](Part& part) -> Result<int> {
          TRY(const int done, repeat(step, part.directory, part.names));
          part.names = done;  // what a slow one did not reach is left alone from here on
          return done;
        }));
    row.emplace_back(step.figure, rate);
  }
  return {};
}

Result<Row> steps_in(const Path& root, int threads) {
  std::vector<Part> parts;
  for (int i = 0; i < threads; ++i) {
    parts.push_back({root / ("small" + std::to_string(i))});
    std::filesystem::create_directory(parts.back().directory);
  }
  Row row;
  TRY_STATUS(run_steps(kBefore, parts, row));
  TRY(const double listed, on_all(parts, [](Part& part) { return list_and_stat(part.directory); }));
  row.emplace_back("readdir+stat /s", listed);
  TRY_STATUS(run_steps(kAfter, parts, row));
  std::error_code ignored;
  for (const auto& part : parts) std::filesystem::remove_all(part.directory, ignored);
  return row;
}

Result<Row> small_files_of(Subject& subject, int threads) {
  Row row;
  const Status done = activation(subject, kNodeA, [&](const Path& root) -> Status {
    TRY(row, steps_in(root, threads));
    return {};
  });
  TRY_STATUS(done);
  return row;
}

// This thread, what it starts, and all threads of these processes.
void pin(const std::vector<pid_t>& processes, const cpu_set_t& cpus) {
  ::sched_setaffinity(0, sizeof cpus, &cpus);
  std::error_code ignored;
  for (const pid_t process : processes)
    for (const auto& task :
         std::filesystem::directory_iterator("/proc/" + std::to_string(process) + "/task", ignored))
      ::sched_setaffinity(std::stoi(task.path().filename()), sizeof cpus, &cpus);
}

void on_one_core(World& world) {
  cpu_set_t before, one;
  ::sched_getaffinity(0, sizeof before, &before);
  CPU_ZERO(&one);
  int last = CPU_SETSIZE - 1;
  while (!CPU_ISSET(last, &before)) --last;
  CPU_SET(last, &one);
  const auto daemon = world.nodes[kNodeA] ? world.nodes[kNodeA]->processes() : std::vector<pid_t>();
  pin(daemon, one);
  world.measure("M1 pinned", "2000 files of 4 KiB; the client and our daemon on one core",
                world.only({kNative, kEphemeral, kDurable}), {7, 7, 20},
                [](Subject& subject, int) { return small_files_of(subject, 1); });
  pin(daemon, before);
}

Result<Row> tree(Subject& subject) {
  constexpr int kDirectories = 100, kEach = 50;
  double made = 0, removed = 0;
  const Status done = activation(subject, kNodeA, [&](const Path& root) -> Status {
    const Path top = root / "tree";
    TRY(made, timed([&]() -> Status {
          for (int d = 0; d < kDirectories; ++d) {
            const Path directory = top / std::to_string(d);
            std::filesystem::create_directories(directory);
            for (int i = 0; i < kEach; ++i) TRY_STATUS(create(directory / name_of(i)));
          }
          return {};
        }));
    TRY(removed, timed([&] {
          std::filesystem::remove_all(top);
          return Status();
        }));
    return {};
  });
  TRY_STATUS(done);
  return Row{{"unpack s", made}, {"remove s", removed}};
}

Status touch(const Path& path) {
  TRY(base::UniqueFd fd, open_file(path, O_WRONLY | O_CREAT));
  return ::close(fd.release()) == 0 ? Status() : failed("closing", path);
}

Result<Row> listing(Subject& subject, int entries) {
  double first = 0, second = 0;
  const std::string name = "list" + std::to_string(entries);
  const Status filled = activation(subject, kNodeA, [&](const Path& root) -> Status {
    std::filesystem::create_directory(root / name);
    for (int i = 0; i < entries; ++i) TRY_STATUS(touch(root / name / name_of(i)));
    return {};
  });
  TRY_STATUS(filled);
  const auto list = [&](const Path& root) -> Status {
    int found = 0;
    for (const auto& entry : std::filesystem::directory_iterator(root / name))
      found += entry.path().empty() ? 0 : 1;
    if (found == entries) return {};
    return base::Error{base::ErrorCode::kDataLoss, std::to_string(found) + " names"};
  };
  const Node other = subject.traits().two_nodes ? kNodeB : kNodeA;
  const Status listed = activation(subject, other, [&](const Path& root) -> Status {
    TRY(first, timed([&] { return list(root); }));
    TRY(second, timed([&] { return list(root); }));
    return {};
  });
  TRY_STATUS(listed);
  const Status emptied = activation(subject, kNodeA, [&](const Path& root) -> Status {
    std::filesystem::remove_all(root / name);
    return {};
  });
  TRY_STATUS(emptied);
  return Row{{"list s", first}, {"list again s", second}};
}

}  // namespace

void small_files(World& world) {
  on_one_core(world);
  world.measure("M1", "2000 files of 4 KiB, one thread", world.all(), {7, 3, 8},
                [](Subject& subject, int) { return small_files_of(subject, 1); });
  world.measure("M1 two threads", "2000 files of 4 KiB in each of two directories",
                world.all_but({"s3fs"}), {7, 1, 8},
                [](Subject& subject, int) { return small_files_of(subject, 2); });
  world.measure("M2", "a tree of 5000 files", world.only({kNative, kEphemeral, kDurable, kCephFs}),
                {3, 1, 8}, [](Subject& subject, int) { return tree(subject); });
  world.measure("M4 10 000", "a directory with 10 000 names, listed on node B",
                world.only({kNative, kEphemeral, kDurable, kCephFs}), {1, 1, 8},
                [](Subject& subject, int) { return listing(subject, 10'000); });
  world.measure("M4 100 000", "a directory with 100 000 names, listed on node B",
                world.only({kNative, kEphemeral, kDurable}), {1, 1, 8},
                [](Subject& subject, int) { return listing(subject, 100'000); });
}

}  // namespace volumes_bench
