#include "store_contract.h"

#include <unistd.h>

#include <atomic>
#include <thread>

#include "digest.h"

namespace storage_tree {

using Kind = Outcome::Kind;

void TreeOnStore::SetUp() {
  std::string reason;
  store_ = GetParam().open(reason);
  if (!store_) GTEST_SKIP() << reason;
  static std::atomic<int> spaces = 0;
  space_ = "tree-" + std::to_string(::getpid()) + "-" + std::to_string(++spaces);
}

std::unique_ptr<Tree> TreeOnStore::open(const std::string& session, std::uint64_t shard_keys_max) {
  Options how;
  how.session = session;
  how.shard_keys_max = shard_keys_max;
  auto tree = Tree::open(*store_, space_, clock_, how);
  EXPECT_TRUE(tree.ok()) << (tree.ok() ? "" : tree.error().message);
  return *std::move(tree);
}

namespace {

void collect(Tree& tree, int rounds) {
  for (int i = 0; i < rounds; ++i) {
    const auto kept = tree.maintain();
    ASSERT_TRUE(kept.ok()) << kept.error().message;
    const auto report = tree.collect();
    ASSERT_TRUE(report.ok()) << report.error().message;
  }
}

void expect_clean(Tree& tree) {
  const auto report = tree.fsck(false);
  ASSERT_TRUE(report.ok()) << report.error().message;
  for (const auto& finding : report->findings) ADD_FAILURE() << finding.what;
}

TEST_P(TreeOnStore, FilesOfEverySizeAreReadAsTheyWereWritten) {
  const auto tree = open("node");
  std::string large;
  for (int i = 0; large.size() < (10U << 20); ++i) large += std::to_string(i) + ",";
  Attempt attempt(*tree, "make");
  attempt.make_directory("d");
  attempt.make(std::string("odd \xff\x01 name"), "small");
  attempt.store("d/large", large);
  attempt.make(std::string(255, 'n'), "");
  ASSERT_EQ(attempt.commit().kind, Kind::kCommitted);
  Attempt reader(*tree, "read");
  EXPECT_TRUE(reader.text("d/large") == large);
  EXPECT_EQ(reader.text("odd \xff\x01 name"), "small");
  expect_clean(*tree);
  Attempt remover(*tree, "remove");
  remover.remove("d/large");
  ASSERT_EQ(remover.commit().kind, Kind::kCommitted);
  reader.snapshot = *tree->begin();
  remover.snapshot = reader.snapshot;
  attempt.snapshot = reader.snapshot;
  collect(*tree, 4);
  const auto report = tree->fsck(false);
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report->data_objects, 0U);
}

TEST_P(TreeOnStore, TheFirstToCommitWinsAndAnActivationHappensOnce) {
  const auto tree = open("node");
  const auto other = open("other");
  Attempt first(*tree, "first"), second(*other, "second"), again(*other, "first", "first-2");
  first.make("f", "1");
  second.make("f", "2");
  again.make("g", "3");
  EXPECT_EQ(first.commit().kind, Kind::kCommitted);
  EXPECT_EQ(second.commit().kind, Kind::kConflict);
  EXPECT_EQ(again.commit().kind, Kind::kAlreadyApplied);
  EXPECT_EQ(digest(*other, *other->begin()), "f links 1 1 1\n");
}

TEST_P(TreeOnStore, TheKeptVersionsOfANameAreToldNewestFirst) {
  const auto tree = open("node");
  Attempt make(*tree, "make");
  make.make("f", "one");
  make.make("other", "x");
  ASSERT_EQ(make.commit().kind, Kind::kCommitted);
  const auto held = *tree->begin();
  Attempt change(*tree, "change");
  change.overwrite("f", "three");
  ASSERT_EQ(change.commit().kind, Kind::kCommitted);
  Attempt remove(*tree, "remove");
  remove.remove("f");
  ASSERT_EQ(remove.commit().kind, Kind::kCommitted);
  const NameKey key{storage::kRootInode, "f"};
  const auto versions = tree->versions(key, 10);
  ASSERT_TRUE(versions.ok()) << versions.error().message;
  ASSERT_EQ(versions->size(), 3U);
  EXPECT_EQ(versions->at(0).number, 3U);
  EXPECT_FALSE(versions->at(0).entry.has_value());
  EXPECT_EQ(versions->at(1).entry->content.size, 5U);
  EXPECT_EQ(versions->at(2).entry->content.size, 3U);
  EXPECT_EQ(tree->versions(key, 2)->size(), 2U);
  EXPECT_TRUE(tree->versions({storage::kRootInode, "none"}, 10)->empty());
}

TEST_P(TreeOnStore, ACounterThatManyIncrementIsExact) {
  constexpr int kThreads = 6, kCommits = 8;
  std::vector<std::unique_ptr<Tree>> trees;
  for (int i = 0; i < 3; ++i) trees.push_back(open("node" + std::to_string(i)));
  Attempt make(*trees[0], "make");
  make.make("counter", "0");
  ASSERT_EQ(make.commit().kind, Kind::kCommitted);
  {
    std::atomic<int> attempts = 0;
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < kThreads; ++thread) {
      threads.emplace_back([&, &tree = *trees[static_cast<std::size_t>(thread) % 3]] {
        for (int done = 0; done < kCommits;) {
          Attempt attempt(tree, "a" + std::to_string(++attempts));
          attempt.overwrite("counter", std::to_string(std::stoi(*attempt.text("counter")) + 1));
          if (attempt.commit().kind == Kind::kCommitted) ++done;
        }
      });
    }
  }
  EXPECT_EQ(Attempt(*trees[0], "read").text("counter"), std::to_string(kThreads * kCommits));
}

TEST_P(TreeOnStore, ADividedVolumeReadsTheSame) {
  auto tree = open("node", 100);
  Attempt attempt(*tree, "make");
  for (int i = 0; i < 400; ++i) attempt.make("f" + std::to_string(1000 + i), std::to_string(i));
  ASSERT_EQ(attempt.commit().kind, Kind::kCommitted);
  const std::string before = digest(*tree, *tree->begin());
  collect(*tree, 12);
  EXPECT_GE(tree->stat()->shards, 3U);
  tree = open("node", 100);
  EXPECT_EQ(digest(*tree, *tree->begin()), before);
  Attempt change(*tree, "change");
  for (int i = 0; i < 400; i += 2) change.remove("f" + std::to_string(1000 + i));
  ASSERT_EQ(change.commit().kind, Kind::kCommitted);
  collect(*tree, 4);
  expect_clean(*tree);
  EXPECT_EQ(tree->fsck(false)->files, 200U);
}

INSTANTIATE_TEST_SUITE_P(Every, TreeOnStore, testing::ValuesIn(storage_objects::stores()),
                         storage_objects::name_of);

}  // namespace
}  // namespace storage_tree
