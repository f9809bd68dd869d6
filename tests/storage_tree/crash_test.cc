// A node that dies at any single request of any protocol, before the request is done or after it:
// what it was doing is seen whole or not at all, happens once, and is cleared away by others.
#include <gmock/gmock.h>

#include <functional>

#include "digest.h"
#include "tree_fixture.h"

namespace storage_tree {
namespace {

using Kind = Outcome::Kind;

struct Scenario {
  const char* name;
  void (*setup)(Tree&);
  // Gives whether it was told that it succeeded.
  bool (*act)(Tree&);
  std::uint64_t shard_keys_max = 50'000;
  std::size_t operation_bytes_max = 8 << 20;
};

void PrintTo(const Scenario& scenario, std::ostream* out) { *out << scenario.name; }

bool committed(Attempt& attempt) {
  const auto outcome = attempt.try_commit();
  return outcome.ok() && outcome->kind == Kind::kCommitted;
}

std::string number(int i) { return std::to_string(100 + i); }

void make_some(Tree& tree, int count) {
  Attempt attempt(tree, "setup");
  attempt.make_directory("d");
  attempt.store("stored", std::string(20'000, 's'));
  for (int i = 0; i < count; ++i) attempt.make("f" + number(i), std::to_string(i));
  ASSERT_EQ(attempt.commit().kind, Kind::kCommitted);
}
void few(Tree& tree) { make_some(tree, 3); }
void many(Tree& tree) {
  make_some(tree, 60);
  for (int round = 0; round < 20; ++round) {
    ASSERT_TRUE(tree.maintain().ok());
    ASSERT_TRUE(tree.collect().ok());
  }
  ASSERT_GE(tree.stat()->shards, 3U);
}
void links(Tree& tree) {
  few(tree);
  Attempt attempt(tree, "links");
  attempt.link("stored", "d/link");
  ASSERT_EQ(attempt.commit().kind, Kind::kCommitted);
}

// Everything that an attempt can do. Where the store has died it gives up, as a node would.
bool change(Tree& tree, int files) {
  auto snapshot = tree.begin();
  if (!snapshot.ok()) return false;
  const auto old = tree.lookup(*snapshot, {kRootInode, "f100"});
  const auto stored = tree.lookup(*snapshot, {kRootInode, "stored"});
  const auto inode = tree.reserve(100);
  if (!old.ok() || !*old || !stored.ok() || !*stored || !inode.ok()) return false;
  WriteSet write;
  write.activation = "change";
  write.writer = "change-1";
  for (int i = 0; i < files; ++i) {
    write.names[{kRootInode, "n" + number(i)}] =
        file(*inode + static_cast<unsigned>(i), std::string(500, 'n'));
  }
  write.names[{kRootInode, "f100"}] = std::nullopt;
  write.seen[{kRootInode, "f100"}] = (*old)->committed;
  write.names[{kRootInode, "sub"}] = directory(*inode + 90);
  write.directories[kRootInode] = {{}, 1};
  auto content = tree.upload("change-1", *inode + 91, staged(std::string(20'000, 'u')).get());
  if (!content.ok()) return false;
  auto uploaded = file(*inode + 91, "");
  uploaded.content = *content;
  write.names[{*inode + 90, "uploaded"}] = uploaded;
  const auto outcome = tree.commit(*snapshot, write, {}, Isolation::kSnapshot);
  return outcome.ok() && outcome->kind == Kind::kCommitted;
}
bool change_few(Tree& tree) { return change(tree, 3); }
bool change_many(Tree& tree) { return change(tree, 40); }

bool link_again(Tree& tree) {
  auto snapshot = tree.begin();
  if (!snapshot.ok()) return false;
  auto stored = tree.lookup(*snapshot, {kRootInode, "stored"});
  if (!stored.ok() || !*stored) return false;
  WriteSet write;
  write.activation = "again";
  write.writer = "again-1";
  auto entry = **stored;
  ++entry.links;
  write.shared[entry.inode] = entry;
  write.names[{kRootInode, "third"}] = entry;
  const auto outcome = tree.commit(*snapshot, write, {}, Isolation::kSnapshot);
  return outcome.ok() && outcome->kind == Kind::kCommitted;
}

void overwritten(Tree& tree) {
  few(tree);
  Attempt attempt(tree, "again");
  attempt.overwrite("stored", "small now");
  attempt.remove("f101");
  attempt.remove_directory("d");
  ASSERT_EQ(attempt.commit().kind, Kind::kCommitted);
}
void overwritten_many(Tree& tree) {
  many(tree);
  Attempt attempt(tree, "again");
  attempt.overwrite("stored", "small now");
  for (int i = 0; i < 60; i += 2) attempt.remove("f" + number(i));
  ASSERT_EQ(attempt.commit().kind, Kind::kCommitted);
}
bool collect(Tree& tree) {
  for (int round = 0; round < 10; ++round) {
    if (!tree.maintain().ok() || !tree.collect().ok()) return false;
  }
  return true;
}
bool abort(Tree& tree) {
  const auto inode = tree.reserve(1);
  if (!inode.ok()) return false;
  const auto content = tree.upload("gone-1", *inode, staged(std::string(20'000, 'u')).get());
  return content.ok() && tree.abort("gone", "gone-1").ok();
}

class CrashTest : public testing::TestWithParam<Scenario> {
 protected:
  struct World {
    FakeClock clock;
    MemoryObjectStore store;
  };

  static std::unique_ptr<Tree> open(World& world, const std::string& session) {
    Options how = options(session);
    how.shard_keys_max = GetParam().shard_keys_max;
    how.operation_bytes_max = GetParam().operation_bytes_max;
    auto tree = Tree::open(world.store, "v", world.clock, how);
    EXPECT_TRUE(tree.ok()) << (tree.ok() ? "" : tree.error().message);
    return *std::move(tree);
  }
  static std::string now(Tree& tree) { return digest(tree, *tree.begin()); }

  // Dies at the request `at`; whether that is still done is `done`. Gives whether it got so far.
  static bool run_until(World& world, Tree& tree, int at, bool done, bool& told) {
    int count = 0;
    world.store.set_faults(
        [&count, at, done](const auto&) -> std::optional<MemoryObjectStore::Fault> {
          if (++count < at) return std::nullopt;
          return MemoryObjectStore::Fault{{base::ErrorCode::kUnavailable, "the node is dead"},
                                          count == at && done};
        });
    told = GetParam().act(tree);
    world.store.set_faults(nullptr);
    return count >= at;
  }

  static void expect_recovered(World& world, const std::string& before, const std::string& after,
                               bool told) {
    const auto other = open(world, "other");
    const std::string found = now(*other);
    EXPECT_TRUE(found == after || (!told && found == before)) << found;
    // Its session ends, and others clear away what it left.
    for (int round = 0; round < 6; ++round) {
      world.clock.advance(std::chrono::seconds(20));
      ASSERT_TRUE(other->maintain().ok());
      const auto collected = other->collect();
      ASSERT_TRUE(collected.ok()) << collected.error().message;
    }
    for (int round = 0; round < 12; ++round) ASSERT_TRUE(other->collect().ok());
    EXPECT_EQ(now(*other), found);
    auto report = other->fsck(false);
    ASSERT_TRUE(report.ok()) << report.error().message;
    for (const auto& finding : report->findings) ADD_FAILURE() << finding.what;
    EXPECT_EQ(other->stat()->to_delete, 0U);
    EXPECT_EQ(other->stat()->attempts_uploading, 0U);
  }
};

TEST_P(CrashTest, AtEveryRequest) {
  std::string before, after;
  {
    World world;
    const auto tree = open(world, "node");
    GetParam().setup(*tree);
    before = now(*tree);
    EXPECT_TRUE(GetParam().act(*tree));
    after = now(*tree);
  }
  int at = 1;
  for (bool got_there = true; got_there; ++at) {
    for (const bool done : {false, true}) {
      SCOPED_TRACE("request " + std::to_string(at) + (done ? ", done" : ""));
      World world;
      auto tree = open(world, "node");
      GetParam().setup(*tree);
      bool told = false;
      got_there = run_until(world, *tree, at, done, told);
      tree.reset();
      expect_recovered(world, before, after, told);
      if (HasFailure()) return;
    }
  }
  EXPECT_GT(at, 3) << "the protocol has requests";
  RecordProperty("requests", at - 2);
}

// One answer is lost and the store is well again: whoever asks goes on, or asks again, and it
// happens once.
TEST_P(CrashTest, EveryAnswerLostOnce) {
  World first;
  const auto whole = open(first, "node");
  GetParam().setup(*whole);
  EXPECT_TRUE(GetParam().act(*whole));
  const std::string after = now(*whole);
  const CommitNumber head = whole->stat()->head;
  bool got_there = true;
  for (int at = 1; got_there; ++at) {
    for (const bool done : {false, true}) {
      SCOPED_TRACE("request " + std::to_string(at) + (done ? ", done" : ""));
      World world;
      auto tree = open(world, "node");
      GetParam().setup(*tree);
      int count = 0;
      world.store.set_faults([&count, at,
                              done](const auto&) -> std::optional<MemoryObjectStore::Fault> {
        if (++count != at) return std::nullopt;
        return MemoryObjectStore::Fault{{base::ErrorCode::kDeadlineExceeded, "no answer"}, done};
      });
      bool told = GetParam().act(*tree);
      for (int again = 0; !told && again < 3; ++again) told = GetParam().act(*tree);
      got_there = count >= at;
      world.store.set_faults(nullptr);
      if (told) {
        EXPECT_EQ(now(*tree), after);
        EXPECT_EQ(tree->stat()->head, head);
      }
      if (HasFailure()) return;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, CrashTest,
    testing::Values(Scenario{"SmallCommit", few, change_few},
                    Scenario{"CommitAcrossObjects", many, change_many, 20},
                    Scenario{"CommitWrittenAhead", few, change_many, 50'000, 4000},
                    Scenario{"CommitWrittenAheadAcrossObjects", many, change_many, 20, 4000},
                    Scenario{"CommitOfAFileWithSeveralNames", links, link_again},
                    Scenario{"Abort", few, abort}, Scenario{"Collection", overwritten, collect},
                    Scenario{"CollectionAcrossObjects", overwritten_many, collect, 20},
                    Scenario{"Split", few, collect, 3}),
    [](const auto& tested) { return std::string(tested.param.name); });

TEST(CrashOfAnOpener, AtEveryRequest) {
  for (int at = 1; at < 12; ++at) {
    for (const bool done : {false, true}) {
      FakeClock clock;
      MemoryObjectStore store;
      int count = 0;
      store.set_faults([&](const auto&) -> std::optional<MemoryObjectStore::Fault> {
        if (++count < at) return std::nullopt;
        return MemoryObjectStore::Fault{{base::ErrorCode::kUnavailable, "dead"},
                                        count == at && done};
      });
      const bool opened = Tree::open(store, "v", clock, options("node")).ok();
      EXPECT_EQ(opened, count < at);
      store.set_faults(nullptr);
      auto tree = Tree::open(store, "v", clock, options("node"));
      ASSERT_TRUE(tree.ok());
      Attempt attempt(**tree, "a");
      attempt.make("f", "");
      EXPECT_TRUE(committed(attempt));
    }
  }
}

}  // namespace
}  // namespace storage_tree
