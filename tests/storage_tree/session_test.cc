// Snapshots across restarts, lapses and nodes.
#include <gmock/gmock.h>

#include "tree_fixture.h"

namespace storage_tree {
namespace {

using Kind = Outcome::Kind;
using SessionTest = TreeTest;

void overwrite(Tree& tree, int round) {
  Attempt attempt(tree, "round" + std::to_string(round));
  if (round == 0) {
    attempt.make("f", "0");
  } else {
    attempt.overwrite("f", std::to_string(round));
  }
  EXPECT_EQ(attempt.commit().kind, Kind::kCommitted);
}

TEST_F(SessionTest, ASnapshotOfAnotherNodeKeepsItsVersions) {
  const auto tree = open();
  const auto other = open("other");
  overwrite(*tree, 0);
  ASSERT_TRUE(other->maintain().ok());
  Attempt reader(*other, "reader");
  for (int round = 1; round < 10; ++round) overwrite(*tree, round);
  ASSERT_TRUE(other->maintain().ok());
  collect_all(*tree);
  EXPECT_EQ(reader.text("f"), "0");
  EXPECT_EQ(tree->stat()->horizon, 1U);
}

TEST_F(SessionTest, WithoutSnapshotsOnlyTheNewestVersionStays) {
  const auto tree = open();
  for (int round = 0; round < 200; ++round) overwrite(*tree, round);
  EXPECT_EQ(tree->stat()->keys, 202U);
  const auto report = collect_all(*tree);
  EXPECT_EQ(report.commits, 200U);
  EXPECT_EQ(tree->stat()->keys, 3U) << "the root, what was done in it, f";
  EXPECT_EQ(tree->stat()->horizon, 200U);
  EXPECT_EQ(Attempt(*tree, "x").text("f"), "199");
  expect_clean(*tree);
}

TEST_F(SessionTest, ASnapshotThatLapsedSaysSoAndNeverLies) {
  const auto tree = open();
  const auto other = open("other");
  overwrite(*tree, 0);
  Attempt reader(*other, "reader");
  reader.make("g", "");
  overwrite(*tree, 1);
  clock_.advance(std::chrono::seconds(90));
  collect_all(*tree);
  EXPECT_EQ(tree->stat()->horizon, 2U);
  const auto read = other->lookup(reader.snapshot, {kRootInode, "f"});
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().code, base::ErrorCode::kConflict);
  EXPECT_FALSE(reader.try_commit().ok());
  EXPECT_EQ(Attempt(*other, "x").text("f"), "1") << "new ones are sound";
}

TEST_F(SessionTest, ALeaseThatNobodyTookAwayIsRefreshedWhenItIsNeeded) {
  const auto tree = open();
  overwrite(*tree, 0);
  Attempt reader(*tree, "reader");
  overwrite(*tree, 1);
  clock_.advance(std::chrono::seconds(900));
  EXPECT_EQ(reader.text("f"), "0");
}

TEST_F(SessionTest, ASnapshotIsResumedAfterARestart) {
  auto tree = open();
  overwrite(*tree, 0);
  const CommitNumber number = Attempt(*tree, "x").snapshot.number();
  auto held = tree->begin();
  ASSERT_TRUE(tree->maintain().ok());
  overwrite(*tree, 1);
  tree = open();
  ASSERT_TRUE(tree->maintain().ok()) << "keeps what the earlier opener needed, for a lease";
  ASSERT_TRUE(tree->collect().ok());
  auto resumed = tree->resume(number);
  ASSERT_TRUE(resumed.ok()) << resumed.error().message;
  EXPECT_EQ(Attempt(*tree, *resumed, "y").text("f"), "0");
  EXPECT_FALSE(tree->resume(number + 5).ok());
}

TEST_F(SessionTest, AfterTheLeaseASnapshotThatNobodyResumedIsGone) {
  auto tree = open();
  overwrite(*tree, 0);
  ASSERT_TRUE(tree->maintain().ok());
  overwrite(*tree, 1);
  tree = open();
  clock_.advance(std::chrono::seconds(61));
  collect_all(*tree);
  const auto resumed = tree->resume(1);
  ASSERT_FALSE(resumed.ok());
  EXPECT_EQ(resumed.error().code, base::ErrorCode::kConflict);
}

TEST_F(SessionTest, ASessionThatWasTakenOverLapses) {
  const auto old = open();
  overwrite(*old, 0);
  Attempt reader(*old, "reader");
  const auto tree = open();
  EXPECT_EQ(old->maintain().error().code, base::ErrorCode::kConflict);
  EXPECT_EQ(tree->maintain().ok(), true);
  clock_.advance(std::chrono::seconds(50));
  EXPECT_EQ(old->lookup(reader.snapshot, {kRootInode, "f"}).error().code,
            base::ErrorCode::kConflict);
}

TEST_F(SessionTest, ActivationsAreForgottenAfterAWhile) {
  const auto tree = open();
  overwrite(*tree, 0);
  ASSERT_TRUE(tree->abort("other", "other-1").ok());
  clock_.advance(std::chrono::seconds(3500));
  collect_all(*tree);
  EXPECT_TRUE((*tree->activation("round0")).has_value());
  clock_.advance(std::chrono::seconds(200));
  EXPECT_EQ(collect_all(*tree).activations, 2U);
  EXPECT_FALSE((*tree->activation("round0")).has_value());
}

TEST_F(SessionTest, InodeNumbersAreNeverTheSame) {
  const auto tree = open();
  const auto other = open("other");
  std::set<InodeNumber> seen{kRootInode};
  for (int i = 0; i < 3000; ++i) {
    EXPECT_TRUE(seen.insert(*tree->reserve(1)).second);
    const InodeNumber first = *other->reserve(7);
    for (int k = 0; k < 7; ++k) EXPECT_TRUE(seen.insert(first + static_cast<unsigned>(k)).second);
  }
  EXPECT_FALSE(tree->reserve(0).ok());
  EXPECT_EQ(tree->reserve(storage::kInodeMax).error().code, base::ErrorCode::kNoSpace);
}

TEST_F(SessionTest, ALayoutOfTomorrowIsLeftAlone) {
  open();
  storage::ObjectWrite write;
  write.omap_set["V"] = "not what we write";
  const storage::ObjectId volume{storage::Pool::kMetadata, "guest/photos", "vol"};
  ASSERT_TRUE(store_.write(volume, write).ok());
  const auto tree = Tree::open(store_, "guest/photos", clock_, options("node"));
  ASSERT_FALSE(tree.ok());
  EXPECT_EQ(tree.error().code, base::ErrorCode::kDataLoss);
  EXPECT_THAT(tree.error().message, testing::HasSubstr("guest/photos/vol"));
}

}  // namespace
}  // namespace storage_tree
