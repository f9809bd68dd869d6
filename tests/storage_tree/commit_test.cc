// What commits do, and what they refuse, one after the other.
#include <gmock/gmock.h>

#include <functional>
#include <stdexcept>

#include "forwarding_store.h"
#include "tree_fixture.h"

namespace storage_tree {
namespace {

using Kind = Outcome::Kind;
using testing::ElementsAre;
using testing::HasSubstr;

using CommitTest = TreeTest;

TEST_F(CommitTest, ANewVolumeIsAtZeroAndHasARoot) {
  const auto tree = open();
  const auto snapshot = tree->begin();
  ASSERT_TRUE(snapshot.ok());
  EXPECT_EQ(snapshot->number(), 0U);
  const auto root = tree->lookup(*snapshot, storage::kRootKey);
  ASSERT_TRUE(root.ok() && *root);
  EXPECT_EQ((*root)->inode, kRootInode);
  EXPECT_EQ((*root)->attributes.type, FileType::kDirectory);
  EXPECT_EQ((*root)->links, 2U);
  EXPECT_THAT(names(*tree, *snapshot), ElementsAre());
  expect_clean(*tree);
}

TEST_F(CommitTest, WhatWasCommittedIsSeenByLaterSnapshotsAndNotByEarlierOnes) {
  const auto tree = open();
  Attempt early(*tree, "early");
  Attempt writer(*tree, "a1");
  writer.make("b", "bytes");
  writer.make("a", "");
  const auto outcome = writer.commit();
  EXPECT_EQ(outcome.kind, Kind::kCommitted);
  EXPECT_EQ(outcome.number, 1U);
  EXPECT_FALSE(early.read("a"));
  Attempt late(*tree, "late");
  EXPECT_EQ(late.text("b"), "bytes");
  EXPECT_EQ(late.read("b")->committed, 1U);
  EXPECT_THAT(names(*tree, late.snapshot), ElementsAre("a", "b"));
  EXPECT_THAT(names(*tree, early.snapshot), ElementsAre());
  expect_clean(*tree);
}

TEST_F(CommitTest, AnUsualCommitIsOneReadAndOneWrite) {
  const auto tree = open();
  Attempt attempt(*tree, "a1");
  for (int i = 0; i < 100; ++i) attempt.make("f" + std::to_string(i), "x");
  const auto writes = store_.count(MemoryObjectStore::Kind::kWrite);
  const auto reads = store_.count(MemoryObjectStore::Kind::kOmapGet);
  const auto lists = store_.count(MemoryObjectStore::Kind::kOmapList);
  EXPECT_EQ(attempt.commit().kind, Kind::kCommitted);
  EXPECT_EQ(store_.count(MemoryObjectStore::Kind::kWrite) - writes, 1U);
  EXPECT_EQ(store_.count(MemoryObjectStore::Kind::kOmapGet) - reads, 1U);
  EXPECT_EQ(store_.count(MemoryObjectStore::Kind::kOmapList) - lists, 0U);
}

TEST_F(CommitTest, ASnapshotIsOneReadAndACommitWithoutChangesNone) {
  const auto tree = open();
  const auto reads = store_.count(MemoryObjectStore::Kind::kOmapGet);
  Attempt attempt(*tree, "a1");
  EXPECT_EQ(store_.count(MemoryObjectStore::Kind::kOmapGet) - reads, 1U);
  const auto writes = store_.count(MemoryObjectStore::Kind::kWrite);
  EXPECT_EQ(attempt.commit().kind, Kind::kCommitted);
  EXPECT_EQ(store_.count(MemoryObjectStore::Kind::kOmapGet) - reads, 1U);
  EXPECT_EQ(store_.count(MemoryObjectStore::Kind::kWrite) - writes, 0U);
}

TEST_F(CommitTest, TheFirstToCommitANameWins) {
  const auto tree = open();
  const auto other = open("other");
  Attempt first(*tree, "first"), second(*other, "second");
  first.make("report", "1");
  second.make("report", "2");
  EXPECT_EQ(first.commit().kind, Kind::kCommitted);
  const auto outcome = second.commit();
  EXPECT_EQ(outcome.kind, Kind::kConflict);
  EXPECT_EQ(outcome.winner, "first");
  EXPECT_EQ(outcome.number, 1U);
  EXPECT_EQ(outcome.name, (NameKey{kRootInode, "report"}));
  EXPECT_THAT(outcome.reason, HasSubstr("commit 1 of first"));
  EXPECT_EQ(Attempt(*other, "x").text("report"), "1");
}

TEST_F(CommitTest, DifferentNamesInOneDirectoryDoNotConflict) {
  const auto tree = open();
  const auto other = open("other");
  Attempt first(*tree, "first"), second(*other, "second");
  first.make("a", "1");
  second.make("b", "2");
  EXPECT_EQ(first.commit().number, 1U);
  EXPECT_EQ(second.commit().number, 2U);
  EXPECT_THAT(names(*tree, Attempt(*tree, "x").snapshot), ElementsAre("a", "b"));
}

TEST_F(CommitTest, AnActivationIsAppliedOnce) {
  const auto tree = open();
  Attempt first(*tree, "act", "act-1"), second(*tree, "act", "act-2");
  first.make("a", "1");
  second.make("b", "2");
  EXPECT_EQ(first.commit().kind, Kind::kCommitted);
  const auto outcome = second.commit();
  EXPECT_EQ(outcome.kind, Kind::kAlreadyApplied);
  EXPECT_EQ(outcome.number, 1U);
  EXPECT_THAT(names(*tree, Attempt(*tree, "x").snapshot), ElementsAre("a"));
  EXPECT_EQ(first.commit().kind, Kind::kCommitted) << "asked again";
  EXPECT_EQ(first.commit().number, 1U);
  const auto record = tree->activation("act");
  ASSERT_TRUE(record.ok() && *record);
  EXPECT_EQ((*record)->writer, "act-1");
}

TEST_F(CommitTest, AnAbortedAttemptCannotCommitAndTheNextOneCan) {
  const auto tree = open();
  Attempt first(*tree, "act", "act-1"), second(*tree, "act", "act-2");
  first.make("a", "1");
  second.make("b", "2");
  ASSERT_TRUE(tree->abort("act", "act-1").ok());
  EXPECT_EQ(first.commit().kind, Kind::kAborted);
  EXPECT_EQ(second.commit().kind, Kind::kCommitted);
  EXPECT_EQ(tree->abort("act", "act-2").error().code, base::ErrorCode::kAlreadyExists);
  EXPECT_TRUE(tree->abort("act", "act-3").ok());
}

TEST_F(CommitTest, AnAbortInTheMiddleOfACommitStopsIt) {
  HookedStore hooked(store_);
  const auto tree = Tree::open(hooked, "guest/photos", clock_, options("node"));
  ASSERT_TRUE(tree.ok());
  const auto other = open("other");
  Attempt attempt(**tree, "act", "act-1");
  attempt.make("a", "1");
  hooked.before_write = [&] { EXPECT_TRUE(other->abort("act", "act-1").ok()); };
  EXPECT_EQ(attempt.commit().kind, Kind::kAborted);
  EXPECT_EQ(Attempt(*other, "x").snapshot.number(), 0U);
}

TEST_F(CommitTest, WhereNobodyElseCommitsACommitIsOneRequest) {
  CountingStore counting(store_);
  const auto tree = Tree::open(counting, "guest/photos", clock_, options("node"));
  ASSERT_TRUE(tree.ok());
  for (const std::string name : {"a", "b", "c"}) {
    Attempt attempt(**tree, "of-" + name);
    attempt.make(name, "1");
    attempt.make_directory(name + "d");
    counting.reads = counting.writes = 0;
    EXPECT_EQ(attempt.commit().kind, Kind::kCommitted);
    EXPECT_EQ(counting.writes, 1);
    EXPECT_EQ(counting.reads, name == "a" ? 1 : 0);
  }
  EXPECT_THAT(names(**tree, Attempt(**tree, "x").snapshot),
              ElementsAre("a", "ad", "b", "bd", "c", "cd"));
}

// What a node takes for granted decides nothing against anybody, and nothing wrong.
TEST_F(CommitTest, WhatWasTakenForGrantedAndIsNotSoIsAskedFor) {
  HookedStore hooked(store_);
  const auto tree = Tree::open(hooked, "guest/photos", clock_, options("node"));
  ASSERT_TRUE(tree.ok());
  const auto other = open("other");
  Attempt first(**tree, "first");
  first.make("a", "1");
  EXPECT_EQ(first.commit().number, 1U);

  Attempt moved(**tree, "moved"), before_moved(*other, "before-moved");
  moved.make("b", "2");
  before_moved.make("c", "3");
  hooked.before_write = [&] { EXPECT_EQ(before_moved.commit().number, 2U); };
  EXPECT_EQ(moved.commit().number, 3U);

  Attempt same(**tree, "same"), before_same(*other, "before-same");
  same.make("d", "4");
  before_same.make("d", "5");
  hooked.before_write = [&] { EXPECT_EQ(before_same.commit().number, 4U); };
  EXPECT_EQ(same.commit().kind, Kind::kConflict);

  Attempt mine(**tree, "act", "act-1"), theirs(*other, "act", "act-2");
  mine.make("e", "6");
  theirs.make("e", "7");
  hooked.before_write = [&] { EXPECT_EQ(theirs.commit().number, 5U); };
  EXPECT_EQ(mine.commit().kind, Kind::kAlreadyApplied);
  EXPECT_THAT(names(*other, Attempt(*other, "x").snapshot), ElementsAre("a", "b", "c", "d", "e"));
}

TEST_F(CommitTest, NothingBeginsInAVolumeThatWasRemoved) {
  const auto tree = open(), other = open("other");
  int asked = 0;
  EXPECT_TRUE(tree->begin([&] { ++asked; }).ok());
  EXPECT_EQ(asked, 1);
  EXPECT_EQ(*Tree::is_marked_removed(store_, "guest/photos"), false);
  ASSERT_TRUE(Tree::mark_removed(store_, "guest/photos").ok());
  EXPECT_EQ(*Tree::is_marked_removed(store_, "guest/photos"), true);
  EXPECT_EQ(tree->begin().error().code, base::ErrorCode::kNotFound);
  EXPECT_EQ(other->begin().error().code, base::ErrorCode::kNotFound);
  EXPECT_TRUE(Tree::mark_removed(store_, "guest/no such").ok());
  EXPECT_EQ(Tree::is_marked_removed(store_, "guest/no such").error().code,
            base::ErrorCode::kNotFound);
}

TEST_F(CommitTest, AHeadThatMovedIsNoConflict) {
  HookedStore hooked(store_);
  const auto tree = Tree::open(hooked, "guest/photos", clock_, options("node"));
  ASSERT_TRUE(tree.ok());
  const auto other = open("other");
  Attempt attempt(**tree, "mine"), quicker(*other, "quicker");
  attempt.make("a", "1");
  quicker.make("b", "2");
  hooked.before_write = [&] { EXPECT_EQ(quicker.commit().number, 1U); };
  EXPECT_EQ(attempt.commit().number, 2U);
}

TEST_F(CommitTest, WhoAlwaysLosesTheRaceGetsATurn) {
  HookedStore hooked(store_);
  const auto tree = Tree::open(hooked, "guest/photos", clock_, options("slow"));
  ASSERT_TRUE(tree.ok());
  Options how = options("quick");
  int waits = 0;
  bool waited = false;
  how.pause = [&](std::chrono::nanoseconds wait) {
    clock_.advance(wait);
    // Somebody who waits for ever would find that the turn has lapsed.
    if (++waits == 20) waited = true;
    if (waited) throw std::runtime_error("it waits for the turn of the other");
  };
  const auto quick = open(how);
  Attempt slow(**tree, "slow");
  slow.make("slow", "");
  int others = 0;
  std::function<void()> race = [&] {
    hooked.before_write = race;
    if (waited) return;
    Attempt attempt(*quick, "q" + std::to_string(++others));
    attempt.make("q" + std::to_string(others), "");
    try {
      attempt.commit();
    } catch (const std::runtime_error&) {
    }
  };
  hooked.before_write = race;
  EXPECT_EQ(slow.commit().kind, Kind::kCommitted);
  EXPECT_TRUE(waited);
  EXPECT_LE(others, 20);
}

TEST_F(CommitTest, WithoutAnActivationTheWriterIsTheRecord) {
  const auto tree = open();
  Attempt attempt(*tree, "", "w1");
  attempt.make("a", "1");
  EXPECT_EQ(attempt.commit().number, 1U);
  EXPECT_EQ(attempt.commit().number, 1U);
  EXPECT_EQ(Attempt(*tree, "x").snapshot.number(), 1U);
}

TEST_F(CommitTest, WhatCannotBeStoredIsRefused) {
  const auto tree = open();
  const auto refused = [&](const auto& change) {
    Attempt attempt(*tree, "a");
    change(attempt);
    auto outcome = attempt.try_commit();
    return !outcome.ok() && outcome.error().code == base::ErrorCode::kInvalidArgument;
  };
  EXPECT_TRUE(refused([](Attempt& a) { a.put({1, "a/b"}, file(5, "")); }));
  EXPECT_TRUE(refused([](Attempt& a) { a.put({1, std::string("a\0", 2)}, file(5, "")); }));
  EXPECT_TRUE(refused([](Attempt& a) { a.put({1, std::string(256, 'a')}, file(5, "")); }));
  EXPECT_TRUE(refused([](Attempt& a) { a.put({1, ""}, file(5, "")); }));
  EXPECT_TRUE(refused([](Attempt& a) { a.put({1, "a"}, file(0, "")); }));
  EXPECT_TRUE(refused([](Attempt& a) { a.put(storage::kRootKey, std::nullopt); }));
  EXPECT_TRUE(refused([](Attempt& a) {
    a.put({1, "a"}, file(5, ""));
    a.write.writer = "a.b";
  }));
  EXPECT_TRUE(refused([](Attempt& a) {
    auto entry = file(5, "text");
    entry.content.size = 3;
    a.put({1, "a"}, entry);
  }));
  EXPECT_FALSE(refused([](Attempt& a) { a.put({1, std::string(255, '\xff')}, file(5, "")); }));
}

TEST_F(CommitTest, ADirectorysTimesAndLinksFollowWhatIsDoneInIt) {
  const auto tree = open();
  Attempt first(*tree, "1"), second(*tree, "2");
  const InodeNumber inode = first.make_directory("d");
  first.write.directories[kRootInode].modified = storage::FileTime(std::chrono::seconds(5));
  second.make_directory("e");
  second.write.directories[kRootInode].modified = storage::FileTime(std::chrono::seconds(3));
  EXPECT_EQ(first.commit().kind, Kind::kCommitted);
  EXPECT_EQ(second.commit().kind, Kind::kCommitted);
  Attempt third(*tree, "3");
  const auto root = tree->lookup(third.snapshot, storage::kRootKey);
  EXPECT_EQ((*root)->links, 4U);
  EXPECT_EQ((*root)->committed, 0U);
  EXPECT_NE(inode, 0U);
  expect_clean(*tree);
}

TEST_F(CommitTest, ADirectorysOwnEntryKeepsWhatOthersDidMeanwhile) {
  const auto tree = open();
  Attempt make(*tree, "0");
  make.make_directory("d");
  make.commit();
  Attempt mode(*tree, "mode"), child(*tree, "child");
  auto entry = *mode.read("d");
  entry.attributes.permissions = 0700;
  mode.put({kRootInode, "d"}, entry);
  child.make_directory("d/sub");
  EXPECT_EQ(child.commit().kind, Kind::kCommitted);
  EXPECT_EQ(mode.commit().kind, Kind::kCommitted);
  const auto after = Attempt(*tree, "x").read("d");
  EXPECT_EQ(after->attributes.permissions, 0700U);
  EXPECT_EQ(after->links, 3U);
  expect_clean(*tree);
}

}  // namespace
}  // namespace storage_tree
