// Contents: inline, in data objects, with holes; and what becomes of those that nobody needs.
#include <gmock/gmock.h>

#include "tree_fixture.h"

namespace storage_tree {
namespace {

using Kind = Outcome::Kind;
using storage::Pool;

class DataTest : public TreeTest {
 protected:
  std::vector<std::string> objects(Pool pool = Pool::kData) {
    std::string cursor;
    auto names = store_.list(pool, "guest/photos", cursor, 10'000);
    EXPECT_TRUE(names.ok() && cursor.empty());
    return *names;
  }
};

TEST_F(DataTest, SmallFilesAreInline) {
  const auto tree = open();
  const auto content = tree->upload("w", 5, staged("short").get());
  ASSERT_TRUE(content.ok());
  EXPECT_EQ(content->bytes, "short");
  EXPECT_EQ(content->writer, "");
  EXPECT_TRUE(objects().empty());
  EXPECT_EQ(*tree->read(5, *content, 1, 3), "hor");
  EXPECT_EQ(*tree->read(5, *content, 4, 30), "t");
  EXPECT_EQ(*tree->read(5, *content, 5, 30), "");
  EXPECT_EQ(*tree->read(5, *content, ~std::uint64_t{0}, 30), "");
}

TEST_F(DataTest, LargeFilesAreObjectsAndHolesAreNot) {
  const auto tree = open();
  const std::string piece(100'000, 'p');
  const auto fd = staged(piece, std::uint64_t{1} << 40);
  const std::uint64_t far = 3 * storage::kDataObjectBytes - 5;
  ASSERT_EQ(::pwrite(fd.get(), "0123456789", 10, static_cast<off_t>(far)), 10);
  const auto content = tree->upload("w", 5, fd.get());
  ASSERT_TRUE(content.ok()) << content.error().message;
  EXPECT_EQ(content->size, std::uint64_t{1} << 40);
  EXPECT_EQ(content->objects, (std::vector<Content::Run>{{0, 1}, {2, 2}}));
  EXPECT_THAT(objects(), testing::UnorderedElementsAre("d.5.w.0", "d.5.w.2", "d.5.w.3"));
  EXPECT_EQ(*tree->read(5, *content, far - 2, 14),
            std::string("\0\0", 2) + "0123456789" + std::string("\0\0", 2));
  EXPECT_EQ(*tree->read(5, *content, 99'999, 3), std::string("p\0\0", 3));
  EXPECT_EQ(*tree->read(5, *content, (std::uint64_t{1} << 40) - 3, 10), std::string(3, '\0'));
  EXPECT_EQ(*tree->read(5, *content, storage::kDataObjectBytes, 4), std::string(4, '\0'));
}

TEST_F(DataTest, AMissingOrShortObjectIsDataLossAndNamesIt) {
  const auto tree = open();
  const auto content = tree->upload("w", 5, staged(std::string(50'000, 'x')).get());
  ASSERT_TRUE(content.ok());
  storage::ObjectWrite write;
  write.data = "short";
  ASSERT_TRUE(store_.write({Pool::kData, "guest/photos", "d.5.w.0"}, write).ok());
  const auto read = tree->read(5, *content, 0, 100);
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().code, base::ErrorCode::kDataLoss);
  EXPECT_THAT(read.error().message, testing::HasSubstr("d.5.w.0"));
}

TEST_F(DataTest, OldContentGoesWhenNoSnapshotNeedsIt) {
  const auto tree = open();
  Attempt make(*tree, "make");
  make.store("f", std::string(20'000, '1'));
  make.store("kept", std::string(20'000, 'k'));
  ASSERT_EQ(make.commit().kind, Kind::kCommitted);
  auto reader = std::make_unique<Attempt>(*tree, "reader");
  Attempt again(*tree, "again");
  again.overwrite("f", "inline now");
  again.rename("kept", "renamed");
  ASSERT_EQ(again.commit().kind, Kind::kCommitted);
  collect_all(*tree);
  EXPECT_EQ(objects().size(), 2U);
  EXPECT_EQ(reader->text("f"), std::string(20'000, '1'));
  reader.reset();
  again.snapshot = *tree->begin();
  make.snapshot = *tree->begin();
  const auto report = collect_all(*tree);
  EXPECT_EQ(report.data_objects, 1U);
  EXPECT_EQ(objects().size(), 1U);
  EXPECT_EQ(Attempt(*tree, "x").text("renamed"), std::string(20'000, 'k'));
  EXPECT_EQ(tree->stat()->keys, 4U) << "the root, what was done in it, f and renamed";
  expect_clean(*tree);
}

TEST_F(DataTest, ContentOfAFileWithSeveralNamesGoesWithTheLastOne) {
  const auto tree = open();
  const auto step = [&](const std::string& name, const auto& change) {
    Attempt attempt(*tree, name);
    change(attempt);
    EXPECT_EQ(attempt.commit().kind, Kind::kCommitted);
  };
  step("1", [](Attempt& a) { a.store("a", std::string(20'000, '1')); });
  step("2", [](Attempt& a) { a.link("a", "b"); });
  step("3", [](Attempt& a) { a.remove("a"); });
  collect_all(*tree);
  EXPECT_EQ(objects().size(), 1U);
  EXPECT_EQ(Attempt(*tree, "x").text("b"), std::string(20'000, '1'));
  step("4", [](Attempt& a) { a.link("b", "c"); });
  step("5", [](Attempt& a) { a.overwrite("c", "small"); });
  collect_all(*tree);
  EXPECT_EQ(objects().size(), 0U);
  EXPECT_EQ(Attempt(*tree, "x").text("b"), "small");
  step("6", [](Attempt& a) { a.remove("b"); });
  step("7", [](Attempt& a) { a.remove("c"); });
  collect_all(*tree);
  EXPECT_EQ(tree->stat()->keys, 2U) << "the root and what was done in it";
  expect_clean(*tree);
}

TEST_F(DataTest, WhatALostAttemptStoredIsCollected) {
  const auto tree = open();
  {
    Attempt attempt(*tree, "a");
    attempt.store("f", std::string(20'000, '1'));
    EXPECT_EQ(objects().size(), 1U);
    ASSERT_TRUE(tree->abort("a", "a-1").ok());
    EXPECT_EQ(attempt.commit().kind, Kind::kAborted);
  }
  collect_all(*tree);
  EXPECT_EQ(objects().size(), 0U);
  expect_clean(*tree);
}

TEST_F(DataTest, WhatAConflictLeftIsCollected) {
  const auto tree = open();
  Attempt first(*tree, "1"), second(*tree, "2");
  first.make("f", "");
  second.store("f", std::string(20'000, '2'));
  EXPECT_EQ(first.commit().kind, Kind::kCommitted);
  EXPECT_EQ(second.commit().kind, Kind::kConflict);
  collect_all(*tree);
  EXPECT_EQ(objects().size(), 0U);
}

TEST_F(DataTest, WhatWasStoredAndNotUsedIsCollectedAfterTheCommit) {
  const auto tree = open();
  Attempt attempt(*tree, "a");
  attempt.store("f", std::string(20'000, '1'));
  attempt.store("g", std::string(20'000, '2'));
  attempt.write.names.erase({kRootInode, "g"});
  attempt.write.seen.erase({kRootInode, "g"});
  ASSERT_EQ(attempt.commit().kind, Kind::kCommitted);
  collect_all(*tree);
  EXPECT_EQ(objects().size(), 1U);
  expect_clean(*tree);
}

TEST_F(DataTest, ADeadNodesUploadsGoWithItsSessionAndCannotBeCommitted) {
  const auto tree = open();
  const auto other = open("other");
  Attempt dead(*other, "dead");
  dead.store("f", std::string(20'000, '1'));
  clock_.advance(std::chrono::seconds(60));
  collect_all(*tree);
  EXPECT_EQ(objects().size(), 1U) << "clocks may differ by a quarter";
  clock_.advance(std::chrono::seconds(16));
  const auto report = collect_all(*tree);
  EXPECT_EQ(report.sessions, 1U);
  EXPECT_EQ(report.uploads, 1U);
  EXPECT_EQ(objects().size(), 0U);
  const auto outcome = dead.try_commit();
  ASSERT_FALSE(outcome.ok());
  EXPECT_EQ(outcome.error().code, base::ErrorCode::kConflict);
  EXPECT_TRUE(names(*tree, *tree->begin()).empty());
}

TEST_F(DataTest, ARestartedNodeTakesOverWhatItStored) {
  auto tree = open();
  Attempt attempt(*tree, "a");
  attempt.store("f", std::string(20'000, '1'));
  const CommitNumber number = attempt.snapshot.number();
  tree = open();
  EXPECT_EQ(tree->adopt("nobody").error().code, base::ErrorCode::kNotFound);
  ASSERT_TRUE(tree->adopt("a-1").ok());
  auto resumed = tree->resume(number);
  ASSERT_TRUE(resumed.ok());
  const auto outcome = tree->commit(*resumed, attempt.write, {}, Isolation::kSnapshot);
  ASSERT_TRUE(outcome.ok());
  EXPECT_EQ(outcome->kind, Kind::kCommitted);
  collect_all(*tree);
  EXPECT_EQ(Attempt(*tree, "x").text("f"), std::string(20'000, '1'));
  expect_clean(*tree);
}

}  // namespace
}  // namespace storage_tree
