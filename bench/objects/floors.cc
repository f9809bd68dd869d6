#include "floors.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <thread>
#include <vector>

#include "base/check.h"
#include "base/unique_fd.h"

namespace bench {
namespace {

using Clock = std::chrono::steady_clock;

double ms_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

base::UniqueFd new_file(const std::filesystem::path& path) {
  base::UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  CHECK(fd.valid());
  return fd;
}

void write_and_sync(int fd, const std::string& bytes) {
  CHECK(::write(fd, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
  CHECK(::fdatasync(fd) == 0);
}

// The number behind `label` in a line of `rados bench`.
void take(const std::string& line, const std::string& label, double& number) {
  if (!line.starts_with(label)) return;
  const auto at = line.find(':');
  if (at != std::string::npos) number = std::strtod(line.c_str() + at + 1, nullptr);
}

}  // namespace

double append_ms(const std::filesystem::path& folder, std::size_t bytes, int rounds) {
  const auto path = folder / "floor";
  const auto fd = new_file(path);
  const std::string text(bytes, 'x');
  double all_ms = 0;
  for (int round = 0; round < rounds; ++round) {
    const auto start = Clock::now();
    write_and_sync(fd.get(), text);
    all_ms += ms_since(start);
  }
  std::filesystem::remove(path);
  return all_ms / rounds;
}

double files_mib_s(const std::filesystem::path& folder, std::size_t files, std::size_t bytes,
                   std::size_t threads) {
  const std::string text(bytes, 'x');
  std::atomic<std::size_t> next = 0;
  const auto path_of = [&](std::size_t i) { return folder / ("floor" + std::to_string(i)); };
  const auto start = Clock::now();
  {
    std::vector<std::jthread> writers;
    for (std::size_t t = 0; t < threads; ++t) {
      writers.emplace_back([&] {
        for (std::size_t i = next++; i < files; i = next++) {
          write_and_sync(new_file(path_of(i)).get(), text);
        }
      });
    }
  }
  const double ms = ms_since(start);
  for (std::size_t i = 0; i < files; ++i) std::filesystem::remove(path_of(i));
  return static_cast<double>(files * (bytes >> 10)) / 1024 / ms * 1000;
}

RadosFigures rados_bench(const std::string& conf_file, const std::string& user,
                         const std::string& pool, std::size_t bytes, std::size_t under_way,
                         std::size_t objects) {
  const std::string limit =
      objects > 0 ? "60 write --max-objects " + std::to_string(objects) : "2 write";
  const std::string command = "rados -c " + conf_file + " -n client." + user + " -p " + pool +
                              " bench " + limit + " -t " + std::to_string(under_way) + " -b " +
                              std::to_string(bytes) + " 2>&1";
  std::FILE* out = ::popen(command.c_str(), "r");
  CHECK(out != nullptr);
  RadosFigures figures;
  std::array<char, 512> line{};
  while (std::fgets(line.data(), line.size(), out) != nullptr) {
    double seconds = 0;
    take(line.data(), "Bandwidth (MB/sec)", figures.mib_s);  // its MB are MiB
    take(line.data(), "Average Latency(s)", seconds);
    if (seconds > 0) figures.latency_ms = seconds * 1000;
  }
  CHECK(::pclose(out) == 0);
  return figures;
}

}  // namespace bench
