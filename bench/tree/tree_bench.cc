// What transactions cost on the durable tree: commits of small files, snapshots, reading, and many
// committers at once; on the embedded store, and on a Ceph of our own where it starts.
#include <atomic>
#include <chrono>
#include <cstdio>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "base/check.h"
#include "figures.h"
#include "own_ceph.h"
#include "storage_ceph/ceph_store.h"
#include "storage_embedded/embedded_store.h"
#include "storage_tree/tree.h"
#include "testing/scratch_folder.h"

namespace {

using bench::Bound;
using storage_tree::Tree;

constexpr int kRounds = 31;
constexpr std::size_t kFileBytes = 4096;
constexpr int kThreads = 16;
constexpr int kCommitsEach = 25;

double ms_of(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start)
      .count();
}

double median_ms(int rounds, const std::function<void(int)>& work) {
  bench::Samples samples;
  for (int round = 0; round < rounds; ++round) samples.add(ms_of([&] { work(round); }));
  return samples.percentile(0.5);
}

storage::WriteSet files(Tree& tree, const std::string& name, int count) {
  storage::WriteSet write;
  write.activation = name;
  write.writer = name;
  const storage::InodeNumber first = *tree.reserve(static_cast<std::uint64_t>(count));
  for (int i = 0; i < count; ++i) {
    storage::Entry entry;
    entry.inode = first + static_cast<unsigned>(i);
    entry.content.bytes = std::string(kFileBytes, static_cast<char>('a' + i % 26));
    entry.content.size = kFileBytes;
    const storage::NameKey key{storage::kRootInode, name + "-" + std::to_string(i)};
    write.names[key] = entry;
    write.seen[key] = 0;
  }
  write.directories[storage::kRootInode];
  return write;
}

void commit(Tree& tree, const storage_tree::Snapshot& snapshot, const storage::WriteSet& write) {
  const auto outcome = tree.commit(snapshot, write, {}, hints::Isolation::kSnapshot);
  CHECK(outcome.ok() && outcome->kind == storage_tree::Outcome::Kind::kCommitted);
}

// The same bytes as values of an object, without a tree.
storage::ObjectWrite plain(int count, int round) {
  storage::ObjectWrite write;
  for (int i = 0; i < count; ++i) {
    write.omap_set["p" + std::to_string(count) + "-" + std::to_string(round) + "-" +
                   std::to_string(i)] = std::string(kFileBytes, static_cast<char>('a' + i % 26));
  }
  return write;
}

// Beside what the store takes for the same bytes, in turn.
void measure_commits(Tree& tree, storage::ObjectStore& objects, const std::string& store) {
  const storage::ObjectId object{storage::Pool::kMetadata, "bench-floor", "plain"};
  for (const auto& [count, wanted] : {std::pair(1, 4.0), {10, 6.0}, {100, 10.0}, {1000, 60.0}}) {
    bench::Samples ours, floor;
    for (int round = 0; round < kRounds; ++round) {
      const auto write =
          files(tree, "c" + std::to_string(count) + "-" + std::to_string(round), count);
      const auto snapshot = *tree.begin();
      ours.add(ms_of([&] { commit(tree, snapshot, write); }));
      auto same = plain(count, round);
      floor.add(ms_of([&] { CHECK(objects.write(object, std::move(same)).ok()); }));
    }
    const std::string what = store + ": commit of " + std::to_string(count) + " files of 4 KiB";
    bench::print_result(what, ours.percentile(0.5), Bound::kAtMost, wanted, "ms");
    bench::print_result(what + ", over the store's own write",
                        ours.percentile(0.5) / floor.percentile(0.5), Bound::kAtMost, 2.5, "");
  }
}

void measure_reads(Tree& tree, const std::string& store, double scale) {
  const double begun = median_ms(1000, [&](int) { CHECK(tree.begin().ok()); });
  bench::print_result(store + ": a snapshot", begun, Bound::kAtMost, 0.1 * scale, "ms");
  const auto snapshot = *tree.begin();
  const double looked = median_ms(1000, [&](int round) {
    const auto entry =
        tree.lookup(snapshot, {storage::kRootInode, "c1000-0-" + std::to_string(round % 1000)});
    CHECK(entry.ok() && *entry);
  });
  bench::print_result(store + ": looking up a name", looked, Bound::kAtMost, 0.2 * scale, "ms");
  const double listed = median_ms(7, [&](int) {
    std::string after;
    for (bool more = true; more;) {
      const auto page = *tree.list(snapshot, storage::kRootInode, after, 1000);
      after = page.names.back().first;
      more = page.more;
    }
  });
  bench::print_result(store + ": listing 34 441 names with their contents", listed, Bound::kAtMost,
                      1500, "ms");
}

void measure_group(Tree& tree, const std::string& store, double wanted) {
  const double ms = ms_of([&] {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < kThreads; ++thread) {
      threads.emplace_back([&tree, thread] {
        for (int i = 0; i < kCommitsEach; ++i) {
          const auto write = files(tree, "g" + std::to_string(thread) + "-" + std::to_string(i), 1);
          commit(tree, *tree.begin(), write);
        }
      });
    }
  });
  bench::print_result(store + ": commits of 16 threads of one node",
                      kThreads * kCommitsEach / ms * 1000, Bound::kAtLeast, wanted, "/s");
}

void measure(storage::ObjectStore& objects, const std::string& store, double scale, double group) {
  const base::SystemClock clock;
  storage_tree::Options options;
  options.session = "bench";
  const auto tree = *Tree::open(objects, "bench", clock, options);
  measure_commits(*tree, objects, store);
  measure_reads(*tree, store, scale);
  measure_group(*tree, store, group);
}

}  // namespace

int main() {
  {
    const testing_support::ScratchFolder folder;
    storage_embedded::EmbeddedOptions options;
    options.directory = folder.path() / "store";
    const auto store = *storage_embedded::open_store(options);
    measure(*store, "embedded", 1, 400);
  }
  const storage_objects::OwnCeph ceph;
  if (!ceph.reason().empty()) {
    std::printf("no Ceph: %s\n", ceph.reason().c_str());
    return 0;
  }
  const auto store = *storage_ceph::connect(ceph.options());
  measure(*store, "Ceph", 5, 800);
}
