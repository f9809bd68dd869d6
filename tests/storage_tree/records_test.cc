// Values as bytes: what is written is read again, and damage is met.
#include "records.h"

#include <gmock/gmock.h>

#include "bytes.h"
#include "keys.h"
#include "tree_fixture.h"

namespace storage_tree {
namespace {

Entry full_entry() {
  Entry entry = file(storage::kInodeMax, "");
  entry.attributes.type = FileType::kRegular;
  entry.attributes.permissions = 07777;
  entry.attributes.uid = 0xffffffff;
  entry.attributes.modified = storage::FileTime(std::chrono::nanoseconds(-5));
  entry.attributes.xattrs = {{"user.a", std::string("\0\xff", 2)}, {"user.b", ""}};
  entry.content.size = std::uint64_t{1} << 40;
  entry.content.writer = "act-1";
  entry.content.objects = {{0, 3}, {7, 1}, {(std::uint64_t{1} << 18) - 1, 1}};
  entry.links = 7;
  return entry;
}

template <typename T>
void expect_same(const T& value) {
  const std::string bytes = encode(value);
  const auto again = decode<T>(bytes);
  ASSERT_TRUE(again);
  EXPECT_EQ(*again, value);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    std::string damaged = bytes;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x10);
    EXPECT_FALSE(decode<T>(damaged)) << "byte " << i;
    EXPECT_FALSE(decode<T>(std::string_view(bytes).substr(0, i)));
  }
  EXPECT_FALSE(decode<T>(bytes + "x"));
}

TEST(Records, AreReadAsTheyWereWrittenAndDamageIsMet) {
  expect_same(Head{9, 8, 7, 6, -5, 4});
  Commit commit;
  commit.activation = "act";
  commit.writer = "act-1";
  commit.time = storage::FileTime(std::chrono::seconds(5));
  commit.snapshot = 3;
  commit.names = {{{1, "a"}, 2, 3, 4, true, true, true, true}, {{1, "b"}, 0, 0, 0}};
  commit.shared = {9};
  commit.removed_directories = {1, 5};
  commit.moves_directory = true;
  commit.steps[1] = {storage::FileTime(std::chrono::seconds(1)), -3};
  commit.pending = true;
  commit.values = {"x", "", std::string(1000, 'y')};
  expect_same(commit);
  expect_same(DirectoryVersions{{9, -1, {}}, {3, 2, storage::FileTime(std::chrono::seconds(1))}});
  expect_same(InodeVersions{{9, full_entry()}, {3, file(5, "text")}});
  expect_same(Session{5, storage::FileTime(std::chrono::seconds(1)), 3, "me"});
  expect_same(ShardState{5, -1});
  expect_same(OldRange{"a", ""});
  expect_same(Turn{"me", ~std::uint64_t{0}});
  expect_same(ActivationRecord{true, 5, "w", {}, {"a", "b"}});
  expect_same(std::string("text"));
  expect_same(~std::uint64_t{0});
}

TEST(Records, AnEntryIsReadAsItWasWritten) {
  const auto stored = decode<StoredEntry>(encode_entry(full_entry()));
  ASSERT_TRUE(stored && stored->entry);
  EXPECT_EQ(*stored->entry, full_entry());
  const auto removed = decode<StoredEntry>(encode_removed());
  ASSERT_TRUE(removed);
  EXPECT_FALSE(removed->entry);
}

TEST(Records, EntriesThatCannotBeAreRefused) {
  const auto refused = [](const auto& change) {
    Entry entry = full_entry();
    change(entry);
    return !decode<StoredEntry>(encode_entry(entry));
  };
  EXPECT_FALSE(refused([](Entry&) {}));
  EXPECT_TRUE(refused([](Entry& e) { e.inode = 0; }));
  EXPECT_TRUE(refused([](Entry& e) { e.inode = storage::kInodeMax + 1; }));
  EXPECT_TRUE(refused([](Entry& e) { e.attributes.permissions = 010000; }));
  EXPECT_TRUE(refused([](Entry& e) { e.content.objects[1].first = 3; })) << "they touch";
  EXPECT_TRUE(refused([](Entry& e) { e.content.objects[0].count = 0; }));
  EXPECT_TRUE(refused([](Entry& e) { e.content.objects[2].count = 2; })) << "behind the end";
  EXPECT_TRUE(refused([](Entry& e) { e.content.bytes = "x"; })) << "inline, too";
  EXPECT_TRUE(refused([](Entry& e) { e.content.writer = ""; }));
}

TEST(Keys, SortAsTheTreeIsListed) {
  const std::vector<std::string> sorted{
      directory_key(1),
      entry_key({1, "a"}, 9),
      entry_key({1, "a"}, 8),
      entry_key({1, std::string("a\x01", 2)}, 9),
      entry_key({1, "ab"}, 1),
      entry_key({1, "b"}, 5),
      entry_key({1, "\xff"}, 5),
      directory_key(2),
      entry_key({2, "a"}, 9),
      entry_key({256, "a"}, 9),
      inode_key(1),
  };
  EXPECT_TRUE(std::is_sorted(sorted.begin(), sorted.end()));
  EXPECT_LT(std::string(kOldRanges), kTreeKeys);
  EXPECT_LT(deletion_key(storage::kInodeMax, "z"), kTreeKeys);
  const auto parsed = parse_entry_key(entry_key({77, "name"}, 5));
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->key, (NameKey{77, "name"}));
  EXPECT_EQ(parsed->number, 5U);
  EXPECT_TRUE(parse_entry_key(entry_key(storage::kRootKey, 0)));
  EXPECT_FALSE(parse_entry_key(directory_key(5)));
  EXPECT_EQ(parse_directory_key(directory_key(5)), 5U);
  EXPECT_EQ(parse_data_object(data_object(5, "a-1", 7))->writer, "a-1");
  EXPECT_FALSE(parse_data_object("d.5.w"));
  EXPECT_FALSE(parse_data_object("d.5.w.x"));
}

using DamageTest = TreeTest;

// Whatever value is damaged: an error that names it, no crash, and nothing that is not so.
TEST_F(DamageTest, AnyDamagedValueIsDataLossAndNamed) {
  {
    const auto tree = open();
    Attempt attempt(*tree, "a");
    attempt.make_directory("d");
    attempt.make("d/f", "text");
    attempt.make("g", "text");
    attempt.link("g", "h");
    ASSERT_EQ(attempt.commit().kind, Outcome::Kind::kCommitted);
  }
  const storage::ObjectId volume{storage::Pool::kMetadata, "guest/photos", "vol"};
  const auto values = store_.omap_list(volume, "", "", 1000);
  ASSERT_TRUE(values.ok());
  for (const auto& [key, value] : values->entries) {
    SCOPED_TRACE(key);
    storage::ObjectWrite damage;
    damage.omap_set[key] = value;
    damage.omap_set[key].back() ^= 1;
    ASSERT_TRUE(store_.write(volume, damage).ok());
    bool met = false;
    const auto look = [&](const auto& result) {
      if (result.ok()) return;
      EXPECT_EQ(result.error().code, base::ErrorCode::kDataLoss) << result.error().message;
      EXPECT_THAT(result.error().message, testing::HasSubstr("damaged"));
      met = true;
    };
    auto tree = Tree::open(store_, "guest/photos", clock_, options("node"));
    look(tree);
    if (tree.ok()) {
      auto snapshot = (*tree)->begin();
      look(snapshot);
      if (snapshot.ok()) {
        look((*tree)->lookup(*snapshot, storage::kRootKey));
        look((*tree)->list(*snapshot, kRootInode, "", 100));
        look((*tree)->list(*snapshot, 2, "", 100));
        look((*tree)->reserve(100'000));
        look((*tree)->activation("a"));
        WriteSet write;
        write.activation = "a";
        write.writer = "a-2";
        write.names[{kRootInode, "new"}] = file(9999, "");
        write.directories[kRootInode];
        look((*tree)->commit(*snapshot, write, {}, Isolation::kSnapshot));
      }
      look((*tree)->collect());
      const auto report = (*tree)->fsck(true);
      look(report);
      if (report.ok() && !report->clean()) met = true;
    }
    // The activation's time is an index that is only listed.
    if (!key.starts_with("O")) {
      EXPECT_TRUE(met);
    }
    storage::ObjectWrite mend;
    mend.omap_set[key] = value;
    ASSERT_TRUE(store_.write(volume, mend).ok());
  }
}

}  // namespace
}  // namespace storage_tree
