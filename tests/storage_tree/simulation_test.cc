// Concurrent transactions of several nodes in random orders, with deaths and lost answers: what
// they saw is checked against the isolation that they asked for.
#include <gtest/gtest.h>

#include "history.h"
#include "interleaving.h"
#include "tree_fixture.h"

namespace storage_tree {
namespace {

using Kind = Outcome::Kind;

constexpr int kNodes = 3;
constexpr int kTransactions = 4;  // of each node
constexpr int kDirectories = 2;
constexpr int kNames = 6;

struct Level {
  const char* name;
  Isolation isolation;
  std::uint64_t shard_keys_max;
  std::size_t operation_bytes_max;
  unsigned dies, loses;  // percent of requests
  int runs;
};

void PrintTo(const Level& level, std::ostream* out) { *out << level.name; }

class Simulation : public testing::TestWithParam<Level> {
 protected:
  class Run;
};

class Simulation::Run {
 public:
  struct Counts {
    int committed = 0, refused = 0, unheard = 0;
  };

  Run(const Level& level, std::uint64_t seed) : level_(level), world_(seed) {}

  std::vector<std::string> violations(Counts& counts) {
    set_up();
    for (int i = 0; i < kNodes; ++i) world_.add([this, i] { node(i); });
    world_.run();
    find_out();
    auto found = storage_tree::violations(history_, directory_of_);
    look_for_remains(found);
    for (const auto& transaction : history_) {
      if (transaction.told) ++counts.committed;
      if (transaction.refused_for) ++counts.refused;
      if (transaction.committed && !transaction.told) ++counts.unheard;
    }
    return found;
  }

 private:
  std::unique_ptr<Tree> open(storage::ObjectStore& store, const std::string& session) {
    Options how = options(session);
    how.seed = world_.random();
    how.shard_keys_max = level_.shard_keys_max;
    how.operation_bytes_max = level_.operation_bytes_max;
    how.pause = [this](std::chrono::nanoseconds wait) {
      clock_.advance(wait);
      world_.step();
    };
    auto tree = Tree::open(store, "v", clock_, how);
    if (!tree.ok()) return nullptr;
    return *std::move(tree);
  }

  void set_up() {
    const auto tree = open(store_, "setup");
    Attempt attempt(*tree, "setup");
    for (int i = 0; i < kDirectories; ++i) {
      inodes_.push_back(attempt.make_directory("d" + std::to_string(i)));
    }
    for (int i = 0; i < 30; ++i) attempt.make("filler" + std::to_string(i), "");
    ASSERT_EQ(attempt.commit().kind, Kind::kCommitted);
    for (int i = 0; i < kNames; ++i) directory_of_[i] = i % kDirectories;
    // The history's own first commit.
    Transaction first;
    first.committed = 1;
    first.writes[kNames] = 1;
    directory_of_[kNames] = kDirectories;
    first.isolation = level_.isolation;
    history_.push_back(first);
    for (int i = 0; i < 10; ++i) {
      ASSERT_TRUE(tree->maintain().ok());
      ASSERT_TRUE(tree->collect().ok());
    }
  }

  NameKey key(int name) const {
    return {inodes_[static_cast<std::size_t>(directory_of_.at(name))], "n" + std::to_string(name)};
  }

  // Dies and comes back under its name, as a daemon does.
  void node(int index) {
    for (int done = 0; done < kTransactions;) {
      NodeStore store(store_, world_);
      try {
        const auto tree = open(store, "node" + std::to_string(index));
        if (!tree) continue;
        store.set_dangers(level_.dies, level_.loses);
        while (done < kTransactions) {
          ++done;
          transaction(*tree);
          if (world_.chance(20)) static_cast<void>(tree->maintain().ok());
          if (world_.chance(30)) static_cast<void>(tree->collect().ok());
        }
      } catch (const NodeDied&) {
      }
    }
  }

  void transaction(Tree& tree) {
    Transaction mine;
    mine.isolation = level_.isolation;
    mine.begun = world_.moment();
    auto snapshot = tree.begin();
    if (!snapshot.ok()) return;
    mine.snapshot = snapshot->number();
    WriteSet write;
    ReadSet read;
    if (!look_around(tree, *snapshot, mine, read)) return;
    if (!change(tree, *snapshot, mine, write)) return;
    // Sometimes another attempt of an activation that may be under way elsewhere.
    if (activations_ == 0 || !world_.chance(20)) ++activations_;
    write.activation = "a" + std::to_string(activations_);
    write.writer = write.activation + "-" + std::to_string(++writers_);
    // What is known of it if the node dies now.
    const std::size_t index = history_.size();
    attempts_[index] = {write.activation, write.writer};
    history_.push_back(mine);
    if (mine.writes.empty()) return;
    if (world_.chance(10)) {
      // Somebody decides that the attempt took too long, while it goes on.
      const std::size_t chosen = world_.random() % attempts_.size() + 1;
      const auto [activation, writer] = attempts_.at(chosen);
      if (tree.abort(activation, writer).ok()) aborted_.insert(chosen);
    }
    auto outcome = tree.commit(*snapshot, write, read, level_.isolation);
    if (!outcome.ok()) {
      // Nobody knows. Asking again is harmless, and so is giving up.
      if (world_.chance(50)) {
        outcome = tree.commit(*snapshot, write, read, level_.isolation);
      } else {
        if (tree.abort(write.activation, write.writer).ok()) aborted_.insert(index);
      }
      if (!outcome.ok()) return;
    }
    auto& known = history_[index];
    known.answered = world_.moment();
    if (outcome->kind == Kind::kCommitted) {
      known.committed = outcome->number;
      known.told = true;
    } else if (outcome->kind == Kind::kConflict) {
      known.refused_for = outcome->number;
    }
  }

  bool look_around(Tree& tree, const Snapshot& snapshot, Transaction& mine, ReadSet& read) {
    for (auto left = world_.random() % 3; left > 0; --left) {
      const int name = static_cast<int>(world_.random() % kNames);
      if (!look_up(tree, snapshot, name, mine, read)) return false;
    }
    if (world_.chance(25)) {
      const int directory = static_cast<int>(world_.random() % kDirectories);
      const InodeNumber inode = inodes_[static_cast<std::size_t>(directory)];
      const auto page = tree.list(snapshot, inode, "", 100);
      if (!page.ok()) return false;
      auto& names = mine.lists[directory];
      for (const auto& [name, entry] : page->names) names.insert(std::stoi(name.substr(1)));
      read.directories[inode] = snapshot.number();
    }
    return true;
  }

  bool look_up(Tree& tree, const Snapshot& snapshot, int name, Transaction& mine, ReadSet& read) {
    const auto entry = tree.lookup(snapshot, key(name));
    if (!entry.ok()) return false;
    mine.reads[name] = *entry ? std::stoull((*entry)->content.bytes) : 0;
    read.names[key(name)] = *entry ? (*entry)->committed : 0;
    return true;
  }

  // New files replace old ones, or old ones go. What is not looked at before is not "read".
  bool change(Tree& tree, const Snapshot& snapshot, Transaction& mine, WriteSet& write) {
    for (auto left = world_.random() % 3; left > 0; --left) {
      const int name = static_cast<int>(world_.random() % kNames);
      const auto old = tree.lookup(snapshot, key(name));
      const auto inode = tree.reserve(1);
      if (!old.ok() || !inode.ok()) return false;
      write.seen[key(name)] = *old ? (*old)->committed : 0;
      const bool removes = *old && world_.chance(30);
      mine.writes[name] = removes ? 0 : ++values_;
      if (removes) {
        write.names[key(name)] = std::nullopt;
      } else {
        write.names[key(name)] = file(*inode, std::to_string(values_));
      }
      write.directories[key(name).directory];
    }
    return true;
  }

  // Of those that nobody was told about.
  void find_out() {
    judge_ = open(store_, "judge");
    for (const auto& [index, attempt] : attempts_) {
      auto& transaction = history_[index];
      const auto record = judge_->activation(attempt.first);
      ASSERT_TRUE(record.ok());
      const bool committed = *record && (*record)->committed && (*record)->writer == attempt.second;
      EXPECT_FALSE(committed && aborted_.contains(index)) << "aborted and applied";
      if (transaction.told) {
        EXPECT_TRUE(committed);
      } else if (committed) {
        EXPECT_FALSE(transaction.refused_for) << "refused and applied";
        transaction.committed = (*record)->number;
      }
    }
  }

  // After all sessions ended nothing is left but the tree.
  void look_for_remains(std::vector<std::string>& found) {
    clock_.advance(std::chrono::seconds(100));
    for (int round = 0; round < 40; ++round) {
      EXPECT_TRUE(judge_->maintain().ok());
      const auto report = judge_->collect();
      if (!report.ok()) found.push_back(report.error().message);
      if (!report.ok() || *report == CollectReport()) break;
    }
    const auto report = judge_->fsck(false);
    ASSERT_TRUE(report.ok()) << report.error().message;
    for (const auto& finding : report->findings) found.push_back(finding.what);
    EXPECT_EQ(judge_->stat()->horizon, judge_->stat()->head);
  }

  const Level level_;
  Interleaving world_;
  FakeClock clock_;
  MemoryObjectStore store_;
  std::vector<InodeNumber> inodes_;
  std::map<int, int> directory_of_;
  std::vector<Transaction> history_;
  std::map<std::size_t, std::pair<std::string, std::string>> attempts_;  // activation, writer
  std::set<std::size_t> aborted_;
  std::uint64_t activations_ = 0, writers_ = 0, values_ = 0;
  std::unique_ptr<Tree> judge_;
};

TEST_P(Simulation, WhatIsSeenIsAllowed) {
  Run::Counts counts;
  for (int run = 0; run < GetParam().runs; ++run) {
    const std::uint64_t seed = 1 + static_cast<std::uint64_t>(run);
    SCOPED_TRACE("seed " + std::to_string(seed));
    for (const auto& what : Run(GetParam(), seed).violations(counts)) ADD_FAILURE() << what;
    if (HasFailure()) return;
  }
  // It was about something.
  EXPECT_GT(counts.committed, GetParam().runs);
  EXPECT_GT(counts.unheard, 0);
  if (GetParam().isolation == Isolation::kSnapshot ||
      GetParam().isolation == Isolation::kSerializable) {
    EXPECT_GT(counts.refused, GetParam().runs / 10);
  }
}

constexpr std::uint64_t kOneObject = 50'000;
constexpr std::size_t kOneOperation = 8 << 20;

INSTANTIATE_TEST_SUITE_P(
    All, Simulation,
    testing::Values(
        Level{"None", Isolation::kNone, kOneObject, kOneOperation, 1, 1, 1000},
        Level{"ReadAtomic", Isolation::kReadAtomic, kOneObject, kOneOperation, 1, 1, 1000},
        Level{"Snapshot", Isolation::kSnapshot, kOneObject, kOneOperation, 1, 1, 1000},
        Level{"Serializable", Isolation::kSerializable, kOneObject, kOneOperation, 1, 1, 1000},
        Level{"ManyObjectsReadAtomic", Isolation::kReadAtomic, 8, kOneOperation, 1, 1, 300},
        Level{"ManyObjectsSnapshot", Isolation::kSnapshot, 8, kOneOperation, 1, 1, 300},
        Level{"ManyObjectsSerializable", Isolation::kSerializable, 8, kOneOperation, 1, 1, 300},
        Level{"WrittenAhead", Isolation::kSnapshot, 8, 100, 1, 1, 300},
        Level{"ManyDeaths", Isolation::kSerializable, 8, kOneOperation, 5, 5, 300}),
    [](const auto& tested) { return std::string(tested.param.name); });

}  // namespace
}  // namespace storage_tree
