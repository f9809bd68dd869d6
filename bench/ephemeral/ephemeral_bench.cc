// Ephemeral files between a producer and a consumer, on one node and on two (each with its own
// address and directory): end to end, and while the producer still writes.
//
//   bench_ephemeral [DIRECTORY]   where the files are; a temporary directory by default
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/check.h"
#include "base/log.h"
#include "floor.h"
#include "storage_ephemeral/node.h"
#include "testing/memory_object_store.h"

namespace {

using storage_ephemeral::Node;
using storage_ephemeral::OpenFile;
using storage_ephemeral::Volume;
using Clock = std::chrono::steady_clock;

constexpr std::uint64_t kMiB = 1 << 20;
constexpr std::size_t kStep = 4 * kMiB;
constexpr std::uint64_t kBytes = 256 * kMiB;
constexpr int kRounds = 7;

double seconds(Clock::duration time) { return std::chrono::duration<double>(time).count(); }

struct Spread {
  double median = 0, least = 0, most = 0;
};
Spread spread(std::vector<double> values) {
  std::ranges::sort(values);
  return {values[values.size() / 2], values.front(), values.back()};
}

// Two nodes on one store.
class World {
 public:
  explicit World(const std::string& directory) : log_(sink_, clock_) {
    for (const std::string name : {"producer", "consumer"}) {
      storage_ephemeral::NodeSettings settings{
          .name = name,
          .listen = {"127.0.0.1", 0},
          .trust = storage_ephemeral::SharedKey{"the key of this benchmark"},
          .address_of = [this](const auto&) -> std::optional<storage_ephemeral::NodeAddress> {
            return storage_ephemeral::NodeAddress{"127.0.0.1", ports_[0]};
          },
          .copy_candidates = {}};
      auto node = Node::start(std::move(settings), store_, clock_, log_);
      CHECK(node.ok());
      ports_.push_back((*node)->port());
      nodes_.push_back(std::move(*node));
      const auto place = (std::filesystem::path(directory) / name).string();
      std::filesystem::create_directories(place);
      auto volume = nodes_.back()->attach("bench/job", place, {});
      CHECK(volume.ok());
      volumes_.push_back(std::move(*volume));
    }
  }
  ~World() { volumes_.clear(); }

  Volume& producer() { return *volumes_[0]; }
  Volume& consumer(bool same_node) { return *volumes_[same_node ? 0 : 1]; }

 private:
  base::SystemClock clock_;
  base::DiscardSink sink_;
  base::Logger log_;
  testing_support::MemoryObjectStore store_{testing_support::MemoryObjectStore::Answers::kOnThread};
  std::vector<std::uint16_t> ports_;
  std::vector<std::unique_ptr<Node>> nodes_;
  std::vector<std::shared_ptr<Volume>> volumes_;
};

const storage::NameKey kName{storage::kRootInode, "file"};

OpenFile begin(Volume& volume) {
  static storage::InodeNumber inode = 100;
  storage_ephemeral::NewInode what;
  what.inode = ++inode;
  what.attempt = "producer";
  what.lifetime.kind = storage_ephemeral::Lifetime::Kind::kVolume;
  what.seal = storage_ephemeral::SealWhen::kClose;
  CHECK(volume.create(kName, what).ok());
  auto file = volume.open_write(inode, "producer", Volume::Rewrite::kTruncate);
  CHECK(file.ok());
  return std::move(*file);
}

void write_step(const OpenFile& file, const std::string& buffer, std::uint64_t at) {
  CHECK(::pwrite(file.backing.get(), buffer.data(), buffer.size(), static_cast<off_t>(at)) ==
        static_cast<ssize_t>(buffer.size()));
}

// Reads to the end as a program does; gives how many bytes there were.
std::uint64_t consume(Volume& volume, std::string& buffer) {
  while (!volume.find(kName)) std::this_thread::yield();
  std::promise<base::Result<OpenFile>> opened;
  volume.open_read(volume.find(kName)->inode, "consumer", Volume::Visible::kWriting,
                   [&](auto result) { opened.set_value(std::move(result)); });
  auto file = opened.get_future().get();
  CHECK(file.ok());
  std::uint64_t got = 0;
  while (true) {
    std::promise<base::Result<std::uint64_t>> there;
    volume.await_bytes(file->file, got, buffer.size(),
                       [&](auto result) { there.set_value(std::move(result)); });
    const auto length = there.get_future().get();
    CHECK(length.ok());
    if (*length == 0) break;
    CHECK(::pread(file->backing.get(), buffer.data(), *length, static_cast<off_t>(got)) ==
          static_cast<ssize_t>(*length));
    got += *length;
  }
  volume.close_read(file->file);
  return got;
}

void forget(World& world) {
  CHECK(world.producer().remove(kName).ok());
  while (world.consumer(false).find(kName)) std::this_thread::yield();
}

// F1, F2: the producer writes and closes, then the consumer reads.
void end_to_end(World& world, bool same_node, double floor) {
  std::string buffer(kStep, 'x');
  std::vector<double> total, write, read;
  for (int round = 0; round < kRounds; ++round) {
    const auto start = Clock::now();
    const OpenFile file = begin(world.producer());
    for (std::uint64_t at = 0; at < kBytes; at += kStep) write_step(file, buffer, at);
    world.producer().close_write(file.file);
    const auto written = Clock::now();
    CHECK(consume(world.consumer(same_node), buffer) == kBytes);
    const auto over = Clock::now();
    write.push_back(seconds(written - start));
    read.push_back(seconds(over - written));
    total.push_back(seconds(over - start));
    forget(world);
  }
  const Spread all = spread(total);
  std::printf(
      "%s 256 MiB: write %.3f s, read %.3f s, end to end %.3f s [%.3f to %.3f], "
      "%.2f of a plain copy over TCP\n",
      same_node ? "F2 same node, " : "F1 other node,", spread(write).median, spread(read).median,
      all.median, all.least, all.most, all.median / floor);
}

// F4, F5: the consumer reads while the producer writes.
void while_writing(World& world, bool same_node, std::uint64_t bytes, std::uint64_t per_second) {
  constexpr std::size_t kPiece = kMiB;
  const std::string piece(kPiece, 'x');
  std::vector<double> lag;
  std::uint64_t lost = 0;
  const int rounds = per_second > 0 ? 3 : 1;
  for (int round = 0; round < rounds; ++round) {
    const auto start = Clock::now();
    const OpenFile file = begin(world.producer());
    std::uint64_t got = 0;
    Clock::time_point read_over;
    std::thread consumer([&] {
      std::string buffer(kStep, '\0');
      got = consume(world.consumer(same_node), buffer);
      read_over = Clock::now();
    });
    for (std::uint64_t at = 0; at < bytes; at += kPiece) {
      if (per_second > 0) {
        const double due = static_cast<double>(at) / static_cast<double>(per_second);
        std::this_thread::sleep_until(start + std::chrono::duration_cast<Clock::duration>(
                                                  std::chrono::duration<double>(due)));
      }
      write_step(file, piece, at);
    }
    const auto closing = Clock::now();
    world.producer().close_write(file.file);
    consumer.join();
    lag.push_back(seconds(read_over - closing) * 1000);
    lost += bytes - got;
    forget(world);
  }
  const Spread end = spread(lag);
  const double most = same_node ? 5 : 20;
  const char* where = same_node ? "same node" : "other node";
  if (per_second == 0) {
    std::printf(
        "F5 %s, %.0f MiB as fast as it goes: the reader ends %.1f ms after the close, %llu bytes "
        "lost\n",
        where, static_cast<double>(bytes) / kMiB, end.median,
        static_cast<unsigned long long>(lost));
    return;
  }
  std::printf("RESULT|reader's end after the writer's close, %s, ms [%.1f to %.1f]|%.1f|%.0f|%s\n",
              where, end.least, end.most, end.median, most, end.median <= most ? "yes" : "no");
  std::printf("RESULT|bytes lost while reading a file that is written, %s|%llu|0|%s\n", where,
              static_cast<unsigned long long>(lost), lost == 0 ? "yes" : "no");
}

// Small files: made, written and closed; and until all names are out.
void small_files(World& world) {
  constexpr int kFiles = 5000;
  const std::string bytes(4096, 'x');
  const auto start = Clock::now();
  for (int i = 0; i < kFiles; ++i) {
    storage_ephemeral::NewInode what;
    what.inode = 1'000'000 + static_cast<storage::InodeNumber>(i);
    what.attempt = "small";
    what.lifetime = {storage_ephemeral::Lifetime::Kind::kActivation, "small", {}};
    what.seal = storage_ephemeral::SealWhen::kClose;
    CHECK(world.producer().create({storage::kRootInode, std::to_string(i)}, what).ok());
    const auto file = world.producer().open_write(what.inode, "small", Volume::Rewrite::kTruncate);
    CHECK(file.ok());
    write_step(*file, bytes, 0);
    world.producer().close_write(file->file);
  }
  const auto made = Clock::now();
  std::promise<base::Status> flushed;
  world.producer().flush("small", [&](auto status) { flushed.set_value(std::move(status)); });
  CHECK(flushed.get_future().get().ok());
  std::printf("small files of 4 KiB: %.0f a second, all names out %.1f ms later\n",
              kFiles / seconds(made - start), seconds(Clock::now() - made) * 1000);
  world.producer().release("small");
}

// From a name's making on one node to its being seen on the other.
void names(World& world) {
  std::vector<double> times;
  for (int round = 0; round < 50; ++round) {
    const auto start = Clock::now();
    const OpenFile file = begin(world.producer());
    while (!world.consumer(false).find(kName)) std::this_thread::yield();
    times.push_back(seconds(Clock::now() - start) * 1000);
    world.producer().close_write(file.file);
    forget(world);
  }
  const Spread seen = spread(times);
  std::printf("RESULT|a name is seen on another node, ms [%.1f to %.1f]|%.1f|20|%s\n", seen.least,
              seen.most, seen.median, seen.median <= 20 ? "yes" : "no");
}

}  // namespace

int main(int argc, char** argv) {
  std::string pattern =
      (argc > 1 ? std::string(argv[1]) : std::filesystem::temp_directory_path().string()) +
      "/larder-ephemeral-XXXXXX";
  CHECK(::mkdtemp(pattern.data()) != nullptr);
  const std::string& directory = pattern;
  std::vector<double> floors;
  for (int round = 0; round < kRounds; ++round) {
    floors.push_back(bench_ephemeral::plain_copy_seconds(directory, kBytes, kStep));
  }
  const Spread floor = spread(floors);
  std::printf("floor: 256 MiB written and copied over plain TCP %.3f s [%.3f to %.3f]\n",
              floor.median, floor.least, floor.most);
  {
    World world(directory);
    names(world);
    small_files(world);
    for (const bool same_node : {false, true}) end_to_end(world, same_node, floor.median);
    for (const bool same_node : {true, false}) {
      while_writing(world, same_node, kBytes, 64 * kMiB);
    }
    while_writing(world, false, 1024 * kMiB, 0);
  }
  std::filesystem::remove_all(directory);
}
