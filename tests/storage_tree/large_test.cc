// Volumes that are more than one object, and commits that are more than one operation.
#include <gmock/gmock.h>

#include "tree_fixture.h"

namespace storage_tree {
namespace {

using Kind = Outcome::Kind;

class LargeTest : public TreeTest {
 protected:
  static Options small_shards(const std::string& session = "node") {
    Options how = options(session);
    how.shard_keys_max = 50;
    return how;
  }
  static std::string name(int i) {
    const std::string digits = std::to_string(i);
    return "f" + std::string(6 - digits.size(), '0') + digits;
  }
  static void fill(Tree& tree, const std::string& activation, const std::string& folder, int from,
                   int to) {
    Attempt attempt(tree, activation);
    for (int i = from; i < to; ++i) attempt.make(folder + name(i), std::to_string(i));
    ASSERT_EQ(attempt.commit().kind, Kind::kCommitted);
  }
};

TEST_F(LargeTest, ALargeVolumeIsDividedAndReadsTheSame) {
  const auto tree = open(small_shards());
  const auto other = open(small_shards("other"));
  Attempt early(*other, "early");
  fill(*tree, "a", "", 0, 300);
  Attempt before(*tree, "before");
  const auto report = collect_all(*tree);
  EXPECT_GE(report.splits, 5U);
  EXPECT_GE(tree->stat()->shards, 6U);
  EXPECT_EQ(names(*tree, before.snapshot).size(), 300U);
  EXPECT_EQ(names(*other, early.snapshot).size(), 0U);
  Attempt after(*other, "after");
  const auto listed = names(*other, after.snapshot);
  ASSERT_EQ(listed.size(), 300U);
  EXPECT_TRUE(std::is_sorted(listed.begin(), listed.end()));
  for (int i = 0; i < 300; ++i) EXPECT_EQ(after.text(name(i)), std::to_string(i));
  expect_clean(*tree);
}

TEST_F(LargeTest, CommitsAcrossObjectsAreWholeAndMayBeOverwritten) {
  const auto tree = open(small_shards());
  fill(*tree, "a", "", 0, 200);
  collect_all(*tree);
  const auto other = open(small_shards("other"));
  Attempt before(*other, "before");
  Attempt change(*tree, "change"), clash(*other, "clash"), next(*other, "next");
  for (int i = 0; i < 200; i += 3) change.overwrite(name(i), "new");
  for (int i = 1; i < 200; i += 3) change.remove(name(i));
  clash.overwrite(name(3), "late");
  next.make_directory("n");
  EXPECT_EQ(change.commit().number, 2U);
  EXPECT_EQ(clash.commit().kind, Kind::kConflict);
  EXPECT_EQ(next.commit().number, 3U);
  Attempt after(*other, "after");
  for (int i = 0; i < 200; ++i) {
    EXPECT_EQ(before.text(name(i)), std::to_string(i));
    if (i % 3 == 1) {
      EXPECT_FALSE(after.read(name(i)));
    } else {
      EXPECT_EQ(after.text(name(i)), i % 3 == 0 ? "new" : std::to_string(i));
    }
  }
  expect_clean(*tree);
}

TEST_F(LargeTest, OldRangesGoWhenEverybodyReadsByTheNewMap) {
  const auto tree = open(small_shards());
  const auto other = open(small_shards("other"));
  fill(*tree, "a", "", 0, 100);
  Attempt old_map(*other, "old");
  collect_all(*tree);
  ASSERT_GE(tree->stat()->shards, 2U);
  EXPECT_EQ(names(*other, old_map.snapshot).size(), 100U);
  const auto keys_of_volume = [&] {
    auto page = store_.omap_list({storage::Pool::kMetadata, "guest/photos", "vol"}, "e", "e", 1000);
    EXPECT_TRUE(page.ok());
    return page->entries.size();
  };
  const auto before = keys_of_volume();
  ASSERT_TRUE(other->maintain().ok());
  collect_all(*tree);
  EXPECT_LT(keys_of_volume(), before);
  EXPECT_EQ(names(*other, old_map.snapshot).size(), 100U);
  expect_clean(*tree);
}

TEST_F(LargeTest, FoldersAndLinksWorkAcrossObjects) {
  const auto tree = open(small_shards());
  Attempt folders(*tree, "folders");
  for (int i = 0; i < 40; ++i) folders.make_directory("d" + std::to_string(i));
  ASSERT_EQ(folders.commit().kind, Kind::kCommitted);
  for (int i = 0; i < 10; ++i) {
    fill(*tree, "fill" + std::to_string(i), "d" + std::to_string(i) + "/", 0, 30);
    collect_all(*tree);
  }
  EXPECT_GE(tree->stat()->shards, 4U);
  Attempt change(*tree, "change");
  change.link("d1/" + name(1), "d9/link");
  change.rename("d2", "d3/moved");
  change.make_directory("d4/sub");
  ASSERT_EQ(change.commit().kind, Kind::kCommitted);
  Attempt rewrite(*tree, "rewrite");
  EXPECT_EQ(rewrite.read("d4")->links, 3U);
  EXPECT_EQ(rewrite.read("d3")->links, 3U);
  rewrite.overwrite("d9/link", "linked");
  ASSERT_EQ(rewrite.commit().kind, Kind::kCommitted);
  Attempt after(*tree, "after");
  EXPECT_EQ(after.text("d1/" + name(1)), "linked");
  EXPECT_EQ(after.text("d3/moved/" + name(7)), "7");
  collect_all(*tree);
  expect_clean(*tree);
  Attempt unlink(*tree, "unlink");
  unlink.remove("d1/" + name(1));
  unlink.remove("d9/link");
  ASSERT_EQ(unlink.commit().kind, Kind::kCommitted);
  collect_all(*tree);
  expect_clean(*tree);
}

TEST_F(LargeTest, WhatIsTooLargeForOneOperationIsWrittenAhead) {
  Options how = options("node");
  how.operation_bytes_max = 100'000;
  const auto tree = open(how);
  Attempt attempt(*tree, "big");
  for (int i = 0; i < 100; ++i) attempt.make(name(i), std::string(10'000, 'x'));
  EXPECT_EQ(attempt.commit().kind, Kind::kCommitted);
  EXPECT_EQ(attempt.commit().number, 1U) << "asked again";
  Attempt after(*tree, "after");
  for (int i = 0; i < 100; ++i) EXPECT_EQ(after.text(name(i)), std::string(10'000, 'x'));
  collect_all(*tree);
  std::string cursor;
  const auto left = store_.list(storage::Pool::kMetadata, "guest/photos", cursor, 100);
  EXPECT_THAT(*left, testing::ElementsAre("vol")) << "what was written ahead is removed";
  expect_clean(*tree);
}

TEST_F(LargeTest, AHundredThousandEntriesInOneDirectory) {
  const auto tree = open();
  for (int i = 0; i < 10; ++i) {
    fill(*tree, "a" + std::to_string(i), "", i * 10'000, (i + 1) * 10'000);
  }
  EXPECT_GE(collect_all(*tree).splits, 1U);
  const auto snapshot = *tree->begin();
  const auto listed = names(*tree, snapshot);
  ASSERT_EQ(listed.size(), 100'000U);
  EXPECT_TRUE(std::is_sorted(listed.begin(), listed.end()));
  EXPECT_EQ(listed[54'321], name(54'321));
  fill(*tree, "more", "", 100'000, 100'010);
  EXPECT_EQ(names(*tree, *tree->begin()).size(), 100'010U);
}

}  // namespace
}  // namespace storage_tree
