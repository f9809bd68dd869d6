// Names: at once here, soon elsewhere, gone when their time is over.
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>

#include "cluster.h"

namespace storage_ephemeral {
namespace {

using Kind = testing_support::MemoryObjectStore::Kind;

void lose_news(testing_support::MemoryObjectStore& store) {
  store.set_faults([](const auto& request) {
    using Fault = testing_support::MemoryObjectStore::Fault;
    if (request.kind != Kind::kNotify) return std::optional<Fault>();
    return std::optional<Fault>(Fault{base::Error{base::ErrorCode::kUnavailable, "lost"}});
  });
}

class Names : public TwoNodes {
 protected:
  bool b_sees(const std::string& text) {
    return eventually([&] { return b().find(name(text)).has_value(); });
  }
  bool b_misses(const std::string& text) {
    return eventually([&] { return !b().find(name(text)).has_value(); });
  }
};

TEST_F(Names, AreThereAtOnceAndSoonElsewhere) {
  write_file(a(), "x", new_file(10, "w"), "bytes");
  EXPECT_EQ(a().find(name("x"))->inode, 10U);
  ASSERT_TRUE(b_sees("x"));
  ASSERT_TRUE(eventually([&] { return b().get(10)->record.state == FileState::kSealed; }));
  EXPECT_EQ(b().get(10)->record.size, 5U);
  EXPECT_TRUE(eventually([&] { return b().get(10)->holders == std::set<NodeName>{"a"}; }));
}

TEST_F(Names, MoveAndGo) {
  write_file(a(), "x", new_file(10, "w"), "bytes");
  ASSERT_TRUE(b_sees("x"));
  ASSERT_TRUE(a().rename(name("x"), name("y")).ok());
  ASSERT_TRUE(b_sees("y"));
  ASSERT_TRUE(b_misses("x"));
  ASSERT_TRUE(b().remove(name("y")).ok());
  EXPECT_TRUE(eventually([&] { return !a().find(name("y")).has_value(); }));
}

TEST_F(Names, HundredsGoOutInOneOperation) {
  const std::size_t before = cluster.store.count(Kind::kWrite);
  for (unsigned i = 0; i < 500; ++i) {
    write_file(a(), "f" + std::to_string(i), new_file(100 + i, "w"), "x");
  }
  ASSERT_TRUE(flush(a(), "w").ok());
  EXPECT_LE(cluster.store.count(Kind::kWrite) - before, 250U);
  EXPECT_GT(cluster.store.count(Kind::kWrite), before);
  ASSERT_TRUE(refresh(b()).ok());
  EXPECT_EQ(b().list(storage::kRootInode, "", 1000).size(), 500U);
}

TEST_F(Names, FlushedNamesAreSeenAfterARefreshEvenIfNobodyWasTold) {
  lose_news(cluster.store);
  write_file(a(), "x", new_file(10, "w"), "bytes");
  ASSERT_TRUE(flush(a(), "w").ok());
  ASSERT_TRUE(refresh(b()).ok());
  EXPECT_EQ(b().find(name("x"))->record.state, FileState::kSealed);
}

// As when a node is killed between the store's answer and its own word.
TEST_F(Names, WhatNobodyWasToldOfIsFoundByWhoLooks) {
  write_file(a(), "old", new_file(10, "w"), "bytes");
  ASSERT_TRUE(b_sees("old"));
  lose_news(cluster.store);
  ASSERT_TRUE(a().remove(name("old")).ok());
  write_file(a(), "new", new_file(11, "w"), "bytes");
  ASSERT_TRUE(flush(a(), "w").ok());
  EXPECT_TRUE(b_sees("new"));
  EXPECT_TRUE(b_misses("old"));
  const std::size_t before = cluster.store.count(Kind::kOmapList);
  for (int i = 0; i < 100'000; ++i) EXPECT_TRUE(b().find(name("new")));
  EXPECT_LE(cluster.store.count(Kind::kOmapList) - before, 20U) << "looking must cost nothing";
}

// Nobody looks by itself here.
class LazyNames : public TwoNodes {
 protected:
  LazyNames() : TwoNodes(lazy) {}
  static void lazy(NodeSettings& settings) { settings.look_after = std::chrono::hours(1); }
};

TEST_F(LazyNames, ANodeThatComesBackSaysThatThereWasMore) {
  lose_news(cluster.store);
  write_file(a(), "x", new_file(10, "w"), "bytes");
  ASSERT_TRUE(flush(a(), "w").ok());
  cluster.stop("a");
  EXPECT_FALSE(b().find(name("x")));
  cluster.store.set_faults({});
  cluster.start("a", lazy);
  EXPECT_TRUE(eventually([&] { return b().find(name("x")).has_value(); }));
}

TEST_F(Names, AWatchThatLostSomethingLooksForIt) {
  write_file(a(), "x", new_file(10, "w"), "bytes");
  cluster.store.lose_notifications();
  EXPECT_TRUE(b_sees("x"));
}

TEST_F(Names, AStoreThatFailsForAWhileDelaysAndLosesNothing) {
  std::atomic<int> left = 3;
  cluster.store.set_faults([&left](const auto& request) {
    using Fault = testing_support::MemoryObjectStore::Fault;
    if (request.kind != Kind::kWrite || left-- <= 0) return std::optional<Fault>();
    return std::optional<Fault>(
        Fault{base::Error{base::ErrorCode::kUnavailable, "away"}, left == 0});
  });
  write_file(a(), "x", new_file(10, "w"), "bytes");
  ASSERT_TRUE(flush(a(), "w").ok());
  ASSERT_TRUE(refresh(b()).ok());
  EXPECT_EQ(b().find(name("x"))->record.state, FileState::kSealed);
  cluster.store.set_faults({});
}

TEST_F(Names, DirectoriesAndSymlinksAreNamesWithoutBytes) {
  NewInode directory = new_file(20, "w");
  directory.attributes.type = storage::FileType::kDirectory;
  ASSERT_TRUE(a().create(name("dir"), directory).ok());
  NewInode link = new_file(21, "w");
  link.attributes.type = storage::FileType::kSymlink;
  link.target = "dir/x";
  ASSERT_TRUE(a().create({20, "link"}, link).ok());
  ASSERT_TRUE(eventually([&] { return b().find({20, "link"}).has_value(); }));
  EXPECT_EQ(b().find({20, "link"})->record.target, "dir/x");
  EXPECT_EQ(b().find(name("dir"))->record.state, FileState::kSealed);
}

TEST_F(Names, ImpossibleNamesAreRefused) {
  EXPECT_FALSE(a().create(name(""), new_file(10, "w")).ok());
  EXPECT_FALSE(a().create(name("a/b"), new_file(10, "w")).ok());
  EXPECT_FALSE(a().create(name(std::string(256, 'x')), new_file(10, "w")).ok());
  EXPECT_TRUE(a().create(name(std::string(255, '\xff')), new_file(10, "w")).ok());
}

TEST_F(Names, AttributesChangeFromAnyNode) {
  write_file(a(), "x", new_file(10, "w"), "bytes");
  ASSERT_TRUE(b_sees("x"));
  storage::Attributes attributes = b().get(10)->record.attributes;
  attributes.permissions = 0600;
  ASSERT_TRUE(b().set_attributes(10, attributes).ok());
  EXPECT_TRUE(eventually([&] { return a().get(10)->record.attributes.permissions == 0600; }));
  EXPECT_TRUE(eventually([&] { return b().get(10)->record.state == FileState::kSealed; }));
}

TEST_F(Names, OfAnActivationEndWithIt) {
  NewInode what = new_file(10, "w");
  what.lifetime = {Lifetime::Kind::kActivation, "w", {}};
  write_file(a(), "x", what, "bytes");
  ASSERT_TRUE(b_sees("x"));
  a().settle("w", Outcome::kSucceeded);
  ASSERT_TRUE(flush(a(), "w").ok());
  a().release("w");
  EXPECT_FALSE(a().find(name("x")));
  EXPECT_TRUE(b_misses("x"));
}

TEST_F(Names, OfASessionEndWithItWhereverTheyWereMade) {
  NewInode what = new_file(10, "w");
  what.lifetime = {Lifetime::Kind::kSession, "s", {}};
  write_file(a(), "x", what, "bytes");
  a().release("w");
  ASSERT_TRUE(b_sees("x"));
  b().end_session("s");
  EXPECT_TRUE(eventually([&] { return !a().find(name("x")).has_value(); }));
}

TEST_F(Names, WithATimeToLiveEndByTheClock) {
  NewInode what = new_file(10, "w");
  what.lifetime = {Lifetime::Kind::kTtl, "", cluster.clock.wall() + std::chrono::seconds(60)};
  write_file(a(), "x", what, "bytes");
  ASSERT_TRUE(b_sees("x"));
  cluster.clock.advance(std::chrono::seconds(59));
  EXPECT_TRUE(a().find(name("x")));
  cluster.clock.advance(std::chrono::seconds(1));
  EXPECT_FALSE(a().find(name("x")));
  EXPECT_FALSE(b().find(name("x")));
  EXPECT_TRUE(a().list(storage::kRootInode, "", 10).empty());
  EXPECT_TRUE(
      eventually([&] { return std::filesystem::is_empty(cluster.directory("a") / "files"); }));
}

TEST_F(Names, AFileWithoutANameIsReadByWhoHasItOpen) {
  write_file(a(), "x", new_file(10, "w"), "bytes");
  const auto here = open_file(a(), "x", "r");
  const auto there = open_file(b(), "x", "r", Volume::Visible::kSealed);
  ASSERT_TRUE(here.ok() && there.ok());
  ASSERT_TRUE(a().remove(name("x")).ok());
  ASSERT_TRUE(b_misses("x"));
  EXPECT_EQ(*read_rest(a(), *here), "bytes");
  EXPECT_EQ(*read_rest(b(), *there), "bytes");
  a().close_read(here->file);
  b().close_read(there->file);
  for (const char* node : {"a", "b"}) {
    EXPECT_TRUE(
        eventually([&] { return std::filesystem::is_empty(cluster.directory(node) / "files"); }));
  }
}

TEST_F(Names, WhatIsWrittenAnewIsANewVersionAndTheOldStaysForItsReaders) {
  write_file(a(), "x", new_file(10, "w"), "old");
  const auto old = open_file(b(), "x", "r", Volume::Visible::kSealed);
  ASSERT_TRUE(old.ok()) << old.error().message;
  auto again = a().open_write(10, "w2", Volume::Rewrite::kKeepBytes);
  ASSERT_TRUE(again.ok()) << again.error().message;
  EXPECT_EQ(again->file.version, 2U);
  append(*again, " and new");
  a().close_write(again->file);
  EXPECT_EQ(*read_rest(b(), *old), "old");
  b().close_read(old->file);
  ASSERT_TRUE(eventually([&] { return b().get(10)->record.version == 2; }));
  EXPECT_EQ(*read_file(b(), "x"), "old and new");
  auto truncated = b().open_write(10, "w3", Volume::Rewrite::kTruncate);
  ASSERT_TRUE(truncated.ok());
  append(*truncated, "b");
  EXPECT_EQ(truncated->file.version, 3U);
  b().close_write(truncated->file);
  ASSERT_TRUE(eventually([&] { return a().get(10)->record.version == 3; }));
  EXPECT_EQ(*read_file(a(), "x"), "b");
}

TEST_F(Names, AnotherNodeCannotJoinAnUnfinishedVersion) {
  const OpenFile file = begin_file(a(), "x", new_file(10, "w"));
  ASSERT_TRUE(b_sees("x"));
  EXPECT_EQ(b().open_write(10, "w2", Volume::Rewrite::kTruncate).error().code,
            base::ErrorCode::kConflict);
  a().close_write(file.file);
}

TEST_F(Names, ADetachedVolumeAnswersThatItIs) {
  write_file(a(), "x", new_file(10, "w"), "bytes");
  const auto opened = open_file(a(), "x", "r");
  ASSERT_TRUE(opened.ok());
  cluster.node("a").detach("guest/job");
  Answer<std::uint64_t> read;
  a().await_bytes(opened->file, 0, 1, read.done());
  EXPECT_EQ(read.get().error().code, base::ErrorCode::kUnavailable);
  EXPECT_EQ(a().create(name("y"), new_file(11, "w")).error().code, base::ErrorCode::kUnavailable);
  EXPECT_EQ(flush(a(), "w").error().code, base::ErrorCode::kUnavailable);
}

}  // namespace
}  // namespace storage_ephemeral
