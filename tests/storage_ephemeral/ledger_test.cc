#include "ledger.h"

#include <gtest/gtest.h>

namespace storage_ephemeral {
namespace {

using storage::NameKey;

constexpr std::size_t kAll = 1000;

InodeRecord record_of(const NodeName& writer) {
  InodeRecord record;
  record.writer = writer;
  return record;
}
NameKey name(const std::string& text) { return {storage::kRootInode, text}; }

// What one ledger publishes, the other hears.
void exchange(Ledger& from, Ledger& to, storage::ObjectVersion version) {
  const Values values = from.take_batch(kAll).values;
  from.published(version);
  to.hear(values, version);
}

class LedgerTest : public testing::Test {
 protected:
  Ledger a{"a"}, b{"b"};
};

TEST_F(LedgerTest, ANameIsUsableAtOnceAndElsewhereWhenItWasHeard) {
  ASSERT_TRUE(a.create(name("x"), 10, record_of("a")).ok());
  EXPECT_EQ(a.find(name("x"))->inode, 10U);
  EXPECT_FALSE(b.find(name("x")));
  exchange(a, b, 1);
  EXPECT_EQ(b.find(name("x"))->record.writer, "a");
  EXPECT_FALSE(a.dirty());
}

TEST_F(LedgerTest, DirectoriesInADirectoryAreCountedWhereTheyAreMadeAndWhereTheyAreHeardOf) {
  InodeRecord directory = record_of("a");
  directory.attributes.type = storage::FileType::kDirectory;
  ASSERT_TRUE(a.create(name("d"), 10, directory).ok());
  ASSERT_TRUE(a.create(name("e"), 11, directory).ok());
  ASSERT_TRUE(a.create(name("f"), 12, record_of("a")).ok());
  ASSERT_TRUE(a.rename(name("e"), {10, "e"}).ok());
  exchange(a, b, 1);
  for (const Ledger* one : {&a, &b}) {
    EXPECT_EQ(one->subdirectories(storage::kRootInode), 1U);
    EXPECT_EQ(one->subdirectories(10), 1U);
  }
  directory.attributes.permissions = 0700;
  a.update(11, directory);
  ASSERT_TRUE(a.remove(name("d")).ok());
  exchange(a, b, 2);
  for (const Ledger* one : {&a, &b}) {
    EXPECT_EQ(one->subdirectories(storage::kRootInode), 0U);
    EXPECT_EQ(one->subdirectories(10), 1U);
  }
  a.drop(11);
  exchange(a, b, 3);
  for (const Ledger* one : {&a, &b}) EXPECT_EQ(one->subdirectories(10), 0U);
}

TEST_F(LedgerTest, AFileThatCameAndWentInOneBatchLeavesNothing) {
  ASSERT_TRUE(a.create(name("x"), 10, record_of("a")).ok());
  ASSERT_TRUE(a.remove(name("x")).ok());
  exchange(a, b, 1);
  EXPECT_FALSE(a.find(name("x")));
  EXPECT_FALSE(b.get(10));
}

TEST_F(LedgerTest, NamesAreTakenOnceAndRemovedOnce) {
  ASSERT_TRUE(a.create(name("x"), 10, record_of("a")).ok());
  EXPECT_EQ(a.create(name("x"), 11, record_of("a")).error().code, base::ErrorCode::kAlreadyExists);
  EXPECT_EQ(a.create(name("y"), 10, record_of("a")).error().code, base::ErrorCode::kAlreadyExists);
  ASSERT_TRUE(a.remove(name("x")).ok());
  EXPECT_EQ(a.remove(name("x")).error().code, base::ErrorCode::kNotFound);
  EXPECT_EQ(a.rename(name("x"), name("y")).error().code, base::ErrorCode::kNotFound);
}

TEST_F(LedgerTest, RenamingReplacesAndLinksAreCounted) {
  ASSERT_TRUE(a.create(name("x"), 10, record_of("a")).ok());
  ASSERT_TRUE(a.create(name("y"), 11, record_of("a")).ok());
  ASSERT_TRUE(a.link(10, name("z")).ok());
  EXPECT_EQ(a.get(10)->links, 2U);
  ASSERT_TRUE(a.rename(name("x"), name("y")).ok());
  EXPECT_FALSE(a.get(11));
  EXPECT_EQ(a.find(name("y"))->inode, 10U);
  ASSERT_TRUE(a.rename(name("y"), name("z")).ok());  // two names of one file: nothing happens
  EXPECT_EQ(a.get(10)->links, 2U);
  exchange(a, b, 1);
  EXPECT_EQ(b.list(storage::kRootInode, "", kAll).size(), 2U);
  EXPECT_EQ(b.get(10)->links, 2U);
}

TEST_F(LedgerTest, AListingGoesOnAfterAName) {
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(
        a.create(name(std::to_string(i)), 10U + static_cast<unsigned>(i), record_of("a")).ok());
  }
  const auto page = a.list(storage::kRootInode, "1", 2);
  ASSERT_EQ(page.size(), 2U);
  EXPECT_EQ(page[0].first, "2");
  EXPECT_EQ(page[1].first, "3");
}

TEST_F(LedgerTest, OldNewsDoNotBringBackWhatIsGone) {
  ASSERT_TRUE(a.create(name("x"), 10, record_of("a")).ok());
  const Values made = a.take_batch(kAll).values;
  a.published(1);
  ASSERT_TRUE(a.remove(name("x")).ok());
  const Values removed = a.take_batch(kAll).values;
  a.published(2);
  b.hear(removed, 2);
  b.hear(made, 1);
  EXPECT_FALSE(b.find(name("x")));
}

TEST_F(LedgerTest, TheSealIsGuardedByWhatWasPublishedBefore) {
  ASSERT_TRUE(a.create(name("x"), 10, record_of("a")).ok());
  exchange(a, b, 1);
  InodeRecord sealed = record_of("a");
  sealed.state = FileState::kSealed;
  a.update(10, sealed);
  const auto& batch = a.take_batch(kAll);
  ASSERT_EQ(batch.guards.size(), 1U);
  EXPECT_EQ(batch.guards[0].second, encode(record_of("a")));
}

TEST_F(LedgerTest, WhoPoisonedFirstIsRightForEver) {
  ASSERT_TRUE(a.create(name("x"), 10, record_of("a")).ok());
  exchange(a, b, 1);
  InodeRecord poisoned = record_of("a");
  poisoned.state = FileState::kPoisoned;
  poisoned.reason = PoisonReason::kHolderLost;
  b.update(10, poisoned);
  InodeRecord sealed = record_of("a");
  sealed.state = FileState::kSealed;
  sealed.size = 5;
  a.update(10, sealed);
  const std::string key = a.take_batch(kAll).guards.at(0).first;
  a.conflicted({{key, encode(poisoned)}});
  EXPECT_EQ(a.get(10)->record.state, FileState::kPoisoned);
  EXPECT_EQ(a.take_batch(kAll).guards.at(0).second, encode(poisoned));
}

TEST_F(LedgerTest, ALateSealYieldsToARemoval) {
  ASSERT_TRUE(a.create(name("x"), 10, record_of("a")).ok());
  exchange(a, b, 1);
  InodeRecord sealed = record_of("a");
  sealed.state = FileState::kSealed;
  a.update(10, sealed);
  const std::string key = a.take_batch(kAll).guards.at(0).first;
  a.conflicted({{key, std::nullopt}});
  EXPECT_FALSE(a.get(10));
}

TEST_F(LedgerTest, ABatchThatMayHaveFailedIsSentAgain) {
  ASSERT_TRUE(a.create(name("x"), 10, record_of("a")).ok());
  const Values values = a.take_batch(kAll).values;
  a.failed();
  EXPECT_EQ(a.take_batch(kAll).values, values);
}

TEST_F(LedgerTest, WhatIsHeardDuringABatchIsPutInOrder) {
  ASSERT_TRUE(b.create(name("x"), 20, record_of("b")).ok());
  const Values theirs = b.take_batch(kAll).values;
  b.published(5);
  ASSERT_TRUE(a.create(name("x"), 10, record_of("a")).ok());
  static_cast<void>(a.take_batch(kAll));
  a.hear(theirs, 5);
  a.published(6);  // mine is later: it has the name
  EXPECT_EQ(a.find(name("x"))->inode, 10U);
  Ledger c{"c"};
  ASSERT_TRUE(c.create(name("x"), 30, record_of("c")).ok());
  static_cast<void>(c.take_batch(kAll));
  c.hear(theirs, 5);
  c.published(4);  // theirs is later
  EXPECT_EQ(c.find(name("x"))->inode, 20U);
  // The file that lost its only name is collected by the node that made it.
  EXPECT_FALSE(c.get(30));
  EXPECT_TRUE(c.dirty());
}

TEST_F(LedgerTest, AListingOfTheStoreSetsEverythingRight) {
  ASSERT_TRUE(a.create(name("gone"), 10, record_of("a")).ok());
  exchange(a, b, 1);
  ASSERT_TRUE(a.remove(name("gone")).ok());
  ASSERT_TRUE(a.create(name("new"), 11, record_of("a")).ok());
  std::map<std::string, std::string> store;
  for (const auto& [key, value] : a.take_batch(kAll).values) {
    if (value) store[key] = *value;
  }
  a.published(2);
  ASSERT_TRUE(b.create(name("own"), 12, record_of("b")).ok());
  b.hear_all(store, 2);
  EXPECT_FALSE(b.find(name("gone")));
  EXPECT_TRUE(b.find(name("new")));
  EXPECT_TRUE(b.find(name("own")));  // not published yet
}

TEST_F(LedgerTest, ANewVersionHasNoHoldersYet) {
  ASSERT_TRUE(a.create(name("x"), 10, record_of("a")).ok());
  a.set_holder(10, 1, "a", true);
  exchange(a, b, 1);
  EXPECT_EQ(b.get(10)->holders, std::set<NodeName>{"a"});
  InodeRecord second = record_of("a");
  second.version = 2;
  a.update(10, second);
  exchange(a, b, 2);
  EXPECT_TRUE(b.get(10)->holders.empty());
  EXPECT_EQ(b.get(10)->record.version, 2U);
}

TEST_F(LedgerTest, TheJournalBringsBackWhatWasNotPublished) {
  ASSERT_TRUE(a.create(name("x"), 10, record_of("a")).ok());
  ASSERT_TRUE(a.create(name("y"), 11, record_of("a")).ok());
  ASSERT_TRUE(a.remove(name("y")).ok());
  const Changes noted = a.take_changes();
  Ledger again{"a"};
  again.hear_all({}, 1);
  for (const auto& [key, change] : noted) again.replay(key, change);
  EXPECT_EQ(again.find(name("x"))->inode, 10U);
  EXPECT_FALSE(again.find(name("y")));
  exchange(again, b, 2);
  EXPECT_TRUE(b.find(name("x")));
}

TEST_F(LedgerTest, TheJournalDoesNotBringBackWhatOthersRemoved) {
  ASSERT_TRUE(a.create(name("x"), 10, record_of("a")).ok());
  exchange(a, b, 1);
  static_cast<void>(a.take_changes());
  InodeRecord sealed = record_of("a");
  sealed.state = FileState::kSealed;
  a.update(10, sealed);
  const Changes noted = a.take_changes();
  Ledger again{"a"};
  again.hear_all({}, 2);
  for (const auto& [key, change] : noted) again.replay(key, change);
  EXPECT_FALSE(again.get(10));
  EXPECT_FALSE(again.dirty());
}

TEST_F(LedgerTest, LifetimesAreFoundByTheirOwner) {
  InodeRecord record = record_of("a");
  record.lifetime = {Lifetime::Kind::kSession, "s1", {}};
  ASSERT_TRUE(a.create(name("x"), 10, record).ok());
  record.lifetime = {Lifetime::Kind::kTtl, "", base::WallTime(std::chrono::seconds(5))};
  ASSERT_TRUE(a.create(name("y"), 11, record).ok());
  EXPECT_EQ(a.owned_by(Lifetime::Kind::kSession, "s1"), std::vector<storage::InodeNumber>{10});
  EXPECT_TRUE(a.owned_by(Lifetime::Kind::kActivation, "s1").empty());
  EXPECT_TRUE(a.expired(base::WallTime(std::chrono::seconds(4))).empty());
  EXPECT_EQ(a.expired(base::WallTime(std::chrono::seconds(5))).size(), 1U);
  a.drop(10);
  EXPECT_TRUE(a.owned_by(Lifetime::Kind::kSession, "s1").empty());
}

}  // namespace
}  // namespace storage_ephemeral
