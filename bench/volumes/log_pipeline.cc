// P3: four writers append lines; one reader follows them all and counts.
#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cinttypes>
#include <cstdio>
#include <thread>

#include "experiments.h"
#include "stage.h"

namespace volumes_bench {
namespace {

using namespace std::chrono_literals;
using base::Result;
using base::Status;

constexpr int kWriters = 4, kLinesAtOnce = 20;
constexpr auto kTime = 3s;
constexpr auto kPause = 2ms;

std::string log_of(int writer) { return "log" + std::to_string(writer); }

// 32 bytes: who, and which of its lines.
std::string line(int writer, std::uint64_t number) {
  std::array<char, 40> text{};
  std::snprintf(text.data(), text.size(), "writer %d line %016" PRIu64 "\n", writer, number);
  return text.data();
}

Status append(const Path& path, int writer, std::uint64_t& lines) {
  TRY(base::UniqueFd fd, open_file(path, O_WRONLY | O_CREAT | O_APPEND));
  for (const auto start = Clock::now(); Clock::now() - start < kTime;) {
    std::string text;
    for (int i = 0; i < kLinesAtOnce; ++i) text += line(writer, lines++);
    TRY_STATUS(write_all(fd.get(), text.data(), text.size()));
    std::this_thread::sleep_for(kPause);
  }
  return ::close(fd.release()) == 0 ? Status() : failed("closing", path);
}

// To the end; each line must be the next one.
Status follow(const Path& path, int writer, std::uint64_t& lines) {
  TRY(const base::UniqueFd fd, open_file(path, O_RDONLY));
  std::string rest;
  std::vector<char> piece(64 * kKiB);
  while (true) {
    const ssize_t got = ::read(fd.get(), piece.data(), piece.size());
    if (got < 0) return failed("reading", path);
    if (got == 0) break;
    rest.append(piece.data(), static_cast<std::size_t>(got));
    std::size_t at = 0;
    for (std::size_t end; (end = rest.find('\n', at)) != std::string::npos; at = end + 1)
      if (rest.compare(at, end + 1 - at, line(writer, lines++)) != 0)
        return base::Error{base::ErrorCode::kDataLoss, "a line is missing or came twice"};
    rest.erase(0, at);
  }
  return rest.empty() ? Status() : base::Error{base::ErrorCode::kDataLoss, "half a line"};
}

struct Counted {
  std::array<std::uint64_t, kWriters> written{}, read{};
  std::atomic<Clock::rep> closed = 0, seen = 0;
};

void latest(std::atomic<Clock::rep>& time) { time = Clock::now().time_since_epoch().count(); }

Status write_logs(Subject& subject, Counted& counted) {
  std::vector<std::function<Status()>> writers;
  for (int i = 0; i < kWriters; ++i) {
    writers.emplace_back([&, i] {
      return activation(subject, kNodeA, [&](const Path& root) -> Status {
        TRY_STATUS(append(root / log_of(i), i, counted.written.at(static_cast<unsigned>(i))));
        latest(counted.closed);
        return {};
      });
    });
  }
  return at_once(writers);
}

Status read_logs(Subject& subject, Counted& counted) {
  return activation(subject, kNodeB, [&](const Path& root) {
    std::vector<std::function<Status()>> readers;
    for (int i = 0; i < kWriters; ++i) {
      readers.emplace_back([&, i]() -> Status {
        TRY_STATUS(follow(root / log_of(i), i, counted.read.at(static_cast<unsigned>(i))));
        latest(counted.seen);
        return {};
      });
    }
    return at_once(readers);
  });
}

Result<Row> logs(Subject& subject) {
  Counted counted;
  if (subject.traits().transactional) {
    TRY_STATUS(write_logs(subject, counted));
    TRY_STATUS(read_logs(subject, counted));
  } else {
    TRY_STATUS(at_once({[&] { return write_logs(subject, counted); },
                        [&] {
                          std::this_thread::sleep_for(300ms);
                          return read_logs(subject, counted);
                        }}));
  }
  TRY_STATUS(remove_in(subject, kNodeA, {log_of(0), log_of(1), log_of(2), log_of(3)}));
  double written = 0, read = 0;
  for (unsigned i = 0; i < kWriters; ++i) {
    written += static_cast<double>(counted.written.at(i));
    read += static_cast<double>(counted.read.at(i));
  }
  const Clock::duration late(counted.seen - counted.closed);
  return Row{{"lines", written},
             {"missed lines", written - read},
             {"reader's end after the last close ms",
              std::chrono::duration<double, std::milli>(late).count()}};
}

}  // namespace

void log_pipeline(World& world) {
  world.measure("P3", "4 writers append lines for 3 s, a reader on node B counts every line once",
                world.only({kEphemeral, kDurable, kCephFs, "GlusterFS"}), {3, 1, 12},
                [](Subject& subject, int) { return logs(subject); });
}

}  // namespace volumes_bench
