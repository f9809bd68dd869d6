// A consumer that begins while the producer still writes.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <future>
#include <thread>

#include "experiments.h"
#include "stage.h"

namespace volumes_bench {
namespace {

using namespace std::chrono_literals;
using base::Result;
using base::Status;
using Time = Clock::time_point;

struct Follow {
  std::uint64_t bytes = 256 * kMiB;
  double mib_a_second = 64;                      // 0: as fast as it goes
  std::chrono::milliseconds head_start = 500ms;  // then the name must be there
  Node consumer = kNodeB;
};

struct Seen {
  std::uint64_t bytes = 0;
  Time opened, first, end;
};

Result<Time> produce(Subject& subject, const Follow& follow, const std::string& name) {
  Time closed;
  const Status written = activation(subject, kNodeA, [&](const Path& root) -> Status {
    TRY(base::UniqueFd fd, open_file(root / name, O_WRONLY | O_CREAT | O_TRUNC));
    std::vector<char> piece(kMiB, 'x');
    const Time start = Clock::now();
    for (std::uint64_t at = 0; at < follow.bytes; at += piece.size()) {
      if (follow.mib_a_second > 0)
        std::this_thread::sleep_until(
            start + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(
                        static_cast<double>(at) / kMiB / follow.mib_a_second)));
      stamp(piece, at, 3);
      TRY_STATUS(write_all(fd.get(), piece.data(), piece.size()));
    }
    if (::close(fd.release()) != 0) return failed("closing", name);
    closed = Clock::now();
    return {};
  });
  TRY_STATUS(written);
  return closed;
}

// To what it takes for the end. A name that is not there yet counts as a file without bytes.
Status read_to_end(const Path& path, Seen& seen) {
  seen.opened = seen.first = seen.end = Clock::now();
  const base::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return errno == ENOENT ? Status() : failed("opening", path);
  std::vector<char> piece(kMiB);
  while (true) {
    const ssize_t got = ::read(fd.get(), piece.data(), piece.size());
    seen.end = Clock::now();
    if (got < 0) return failed("reading", path);
    if (got == 0) return {};
    if (seen.bytes == 0) seen.first = seen.end;
    TRY_STATUS(check_stamps(piece.data(), static_cast<std::uint64_t>(got), seen.bytes, 3));
    seen.bytes += static_cast<std::uint64_t>(got);
  }
}

double ms(Clock::duration time) { return std::chrono::duration<double, std::milli>(time).count(); }

Result<Row> followed(Subject& subject, const Follow& follow, int round) {
  const std::string name = "log" + std::to_string(round);
  const Time start = Clock::now();
  auto producer = std::async(std::launch::async, [&] { return produce(subject, follow, name); });
  std::this_thread::sleep_for(follow.head_start);
  Seen seen;
  const auto read = activation(subject, follow.consumer,
                               [&](const Path& root) { return read_to_end(root / name, seen); });
  const auto closed = producer.get();
  TRY_STATUS(read);
  if (!closed) return closed.error();
  TRY_STATUS(remove_in(subject, kNodeA, {name}));
  return Row{{"lost MiB", static_cast<double>(follow.bytes - seen.bytes) / kMiB},
             {"first byte after open ms", ms(seen.first - seen.opened)},
             {"reader's end after close ms", ms(seen.end - *closed)},
             {"producer's time s", std::chrono::duration<double>(*closed - start).count()},
             {"reader's end s", std::chrono::duration<double>(seen.end - start).count()}};
}

std::vector<Subject*> that_show_unfinished(const World& world, bool two_nodes) {
  std::vector<Subject*> found;
  for (Subject* const one : world.all())
    if (!one->traits().transactional && (!two_nodes || one->traits().two_nodes))
      found.push_back(one);
  return found;
}

}  // namespace

void reading_while_writing(World& world) {
  const Follow slow;
  world.measure("F4 other node", "read while it is written with 64 MiB/s for 4 s, on node B",
                that_show_unfinished(world, true), {3, 1, 14},
                [&](Subject& subject, int round) { return followed(subject, slow, round); });
  Follow same = slow;
  same.consumer = kNodeA;
  world.measure("F4 same node", "the same on node A", that_show_unfinished(world, false),
                {3, 1, 14},
                [&](Subject& subject, int round) { return followed(subject, same, round); });
  const Follow fast{4 * kGiB, 0, 100ms, kNodeB};
  world.measure("F5", "4 GiB as fast as they go, read while they are written on node B",
                world.only({kEphemeral}), {1, 1, 14},
                [&](Subject& subject, int round) { return followed(subject, fast, round); });
}

}  // namespace volumes_bench
