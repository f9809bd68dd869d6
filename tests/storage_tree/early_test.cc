// Pieces of files that are stored while their attempt still writes.
#include <gmock/gmock.h>

#include "tree_fixture.h"

namespace storage_tree {
namespace {

using Kind = Outcome::Kind;
using storage::kDataObjectBytes;
using storage::Pool;
using File = std::shared_ptr<const base::UniqueFd>;

class EarlyTest : public TreeTest {
 protected:
  std::vector<std::string> objects() {
    std::string cursor;
    auto names = store_.list(Pool::kData, "guest/photos", cursor, 10'000);
    EXPECT_TRUE(names.ok());
    return *names;
  }
  std::size_t writes() const { return store_.count(MemoryObjectStore::Kind::kWrite); }

  // A new file of the attempt's; its pieces are stored early, the last one as short as it is.
  InodeNumber begin(Attempt& attempt, const File& file, std::uint64_t bytes) {
    const auto inode = attempt.tree.reserve(1);
    EXPECT_TRUE(inode.ok());
    EXPECT_TRUE(attempt.tree.announce(attempt.write.writer, {{*inode, bytes}}).ok());
    for (std::uint64_t at = 0; at < bytes; at += kDataObjectBytes) {
      EXPECT_EQ(attempt.tree.upload_early(attempt.write.writer, *inode, file, at / kDataObjectBytes,
                                          std::min(kDataObjectBytes, bytes - at)),
                Early::kBegun);
    }
    return *inode;
  }
  void put(Attempt& attempt, InodeNumber inode, const File& file) {
    const auto content = attempt.tree.upload(attempt.write.writer, inode, file->get());
    ASSERT_TRUE(content.ok()) << content.error().message;
    Entry entry = storage_tree::file(inode, "");
    entry.content = *content;
    attempt.put({kRootInode, "f"}, entry);
  }
  // Of the writer a-1.
  void fail_second_piece(const base::Error& error) {
    store_.set_faults([error](const auto& request) -> std::optional<MemoryObjectStore::Fault> {
      if (!request.object.name.ends_with(".a-1.1")) return std::nullopt;
      return MemoryObjectStore::Fault{error};
    });
  }
  static File file_of(const std::string& text) {
    return std::make_shared<const base::UniqueFd>(staged(text));
  }
  static void write(const File& file, const std::string& text, std::uint64_t at) {
    EXPECT_EQ(::pwrite(file->get(), text.data(), text.size(), static_cast<off_t>(at)),
              static_cast<ssize_t>(text.size()));
  }

  const std::string text_ = std::string(kDataObjectBytes, 'a') +
                            std::string(kDataObjectBytes, 'b') + std::string(100'000, 'c');
};

TEST_F(EarlyTest, WhatWasStoredEarlyIsNotStoredAgain) {
  const auto tree = open();
  Attempt attempt(*tree, "a");
  const File file = file_of(text_);
  const auto inode = begin(attempt, file, text_.size());
  const auto before = writes();
  put(attempt, inode, file);
  EXPECT_EQ(writes(), before);
  EXPECT_FALSE(Attempt(*tree, "x").read("f")) << "it is not committed";
  ASSERT_EQ(attempt.commit().kind, Kind::kCommitted);
  EXPECT_EQ(Attempt(*tree, "y").text("f"), text_);
  collect_all(*tree);
  EXPECT_EQ(objects().size(), 3U);
  expect_clean(*tree);
}

TEST_F(EarlyTest, APieceThatWasChangedSinceIsRightAfterTheCommit) {
  const auto tree = open();
  Attempt attempt(*tree, "a");
  const File file = file_of(text_);
  const auto inode = begin(attempt, file, text_.size());
  write(file, "x", kDataObjectBytes + 7);
  write(file, "and more", text_.size());
  const auto before = writes();
  put(attempt, inode, file);
  EXPECT_EQ(writes(), before + 2) << "the changed one and the last one";
  ASSERT_EQ(attempt.commit().kind, Kind::kCommitted);
  std::string wanted = text_ + "and more";
  wanted[kDataObjectBytes + 7] = 'x';
  EXPECT_EQ(Attempt(*tree, "y").text("f"), wanted);
  expect_clean(*tree);
}

TEST_F(EarlyTest, PiecesThatTheFileHasNoMoreAreRemoved) {
  const auto tree = open();
  Attempt attempt(*tree, "a");
  const File file = file_of(text_);
  const auto inode = begin(attempt, file, text_.size());
  ASSERT_EQ(::ftruncate(file->get(), 50'000), 0);
  put(attempt, inode, file);
  ASSERT_EQ(attempt.commit().kind, Kind::kCommitted);
  EXPECT_EQ(objects().size(), 1U);
  EXPECT_EQ(Attempt(*tree, "y").text("f"), text_.substr(0, 50'000));
  expect_clean(*tree);
}

TEST_F(EarlyTest, AFileThatBecameSmallLeavesNoObjects) {
  const auto tree = open();
  Attempt attempt(*tree, "a");
  const File file = file_of(text_);
  const auto inode = begin(attempt, file, text_.size());
  ASSERT_EQ(::ftruncate(file->get(), 5), 0);
  put(attempt, inode, file);
  ASSERT_EQ(attempt.commit().kind, Kind::kCommitted);
  EXPECT_EQ(Attempt(*tree, "y").text("f"), "aaaaa");
  collect_all(*tree);
  EXPECT_THAT(objects(), testing::IsEmpty());
  expect_clean(*tree);
}

TEST_F(EarlyTest, WhatAnAbortedAttemptStoredIsCollected) {
  const auto tree = open();
  Attempt attempt(*tree, "a");
  begin(attempt, file_of(text_), text_.size());
  EXPECT_EQ(objects().size(), 3U);
  ASSERT_TRUE(tree->abort("a", "a-1").ok());
  collect_all(*tree);
  EXPECT_THAT(objects(), testing::IsEmpty());
  EXPECT_EQ(attempt.commit().kind, Kind::kCommitted) << "nothing is in it";
  expect_clean(*tree);
}

TEST_F(EarlyTest, WhatACommitWithoutChangesLeftIsCollected) {
  const auto tree = open();
  Attempt attempt(*tree, "a");
  begin(attempt, file_of(text_), text_.size());
  ASSERT_EQ(attempt.commit().kind, Kind::kCommitted);
  collect_all(*tree);
  EXPECT_THAT(objects(), testing::IsEmpty());
}

TEST_F(EarlyTest, AFailedPieceIsStoredAtTheEnd) {
  const auto tree = open();
  Attempt attempt(*tree, "a");
  const File file = file_of(text_);
  fail_second_piece({base::ErrorCode::kNoSpace, "full"});
  const auto inode = begin(attempt, file, text_.size());
  store_.set_faults({});
  EXPECT_FALSE(tree->is_doubtful("a-1"));
  put(attempt, inode, file);
  ASSERT_EQ(attempt.commit().kind, Kind::kCommitted);
  EXPECT_EQ(Attempt(*tree, "y").text("f"), text_);
}

TEST_F(EarlyTest, WhereAPieceMayStillArriveTheWriterCannotCommit) {
  const auto tree = open();
  Attempt attempt(*tree, "a");
  const File file = file_of(text_);
  fail_second_piece({base::ErrorCode::kDeadlineExceeded, "no answer"});
  const auto inode = begin(attempt, file, text_.size());
  store_.set_faults({});
  EXPECT_TRUE(tree->is_doubtful("a-1"));
  const auto content = tree->upload("a-1", inode, file->get());
  ASSERT_FALSE(content.ok());
  EXPECT_EQ(content.error().code, base::ErrorCode::kUnavailable);
  ASSERT_TRUE(tree->abort("a", "a-1").ok());
  attempt.write.writer = "a-2";
  put(attempt, inode, file);
  ASSERT_EQ(attempt.commit().kind, Kind::kCommitted);
  EXPECT_EQ(Attempt(*tree, "y").text("f"), text_);
  collect_all(*tree);
  EXPECT_EQ(objects().size(), 3U);
}

TEST_F(EarlyTest, NothingBeginsThatWasNotAnnouncedOrWasBegun) {
  const auto tree = open();
  const File file = file_of(text_);
  EXPECT_EQ(tree->upload_early("w", 5, file, 0, 10), Early::kBefore);
  ASSERT_TRUE(tree->announce("w", {{5, 2 * kDataObjectBytes}}).ok());
  EXPECT_EQ(tree->upload_early("w", 5, file, 2, 10), Early::kBefore);
  EXPECT_EQ(tree->upload_early("w", 5, file, 1, 10), Early::kBegun);
  EXPECT_EQ(tree->upload_early("w", 5, file, 1, 10), Early::kBefore);
  ASSERT_TRUE(tree->upload("w", 5, file->get()).ok());
  EXPECT_EQ(tree->upload_early("w", 5, file, 0, 10), Early::kBefore);
  EXPECT_EQ(objects().size(), 3U);
}

TEST_F(EarlyTest, SomeAtATime) {
  MemoryObjectStore slow(MemoryObjectStore::Answers::kOnThread);
  auto tree = Tree::open(slow, "guest/photos", clock_, options("node"));
  ASSERT_TRUE(tree.ok());
  const File file = file_of(text_);
  ASSERT_TRUE((*tree)->announce("w", {{5, 100 * kDataObjectBytes}}).ok());
  std::uint64_t begun = 0;
  // Whatever is under way when it ends, the tree waits for.
  for (std::uint64_t i = 0; i < 100; ++i) {
    begun += (*tree)->upload_early("w", 5, file, i, 10) == Early::kBegun ? 1 : 0;
  }
  EXPECT_GE(begun, 1U);
  tree->reset();
}

TEST_F(EarlyTest, ManyFilesAreAnnouncedInOneStep) {
  const auto tree = open();
  std::map<InodeNumber, std::uint64_t> sizes;
  for (InodeNumber inode = 10; inode < 500; ++inode) sizes[inode] = 100'000;
  sizes[600] = 10;  // inline
  const auto before = writes();
  ASSERT_TRUE(tree->announce("w", sizes).ok());
  EXPECT_EQ(writes(), before + 1);
  ASSERT_TRUE(tree->announce("w", sizes).ok());
  EXPECT_EQ(writes(), before + 1) << "they are";
  ASSERT_TRUE(tree->upload("w", 77, staged(std::string(100'000, 'x')).get()).ok());
  EXPECT_EQ(writes(), before + 2);
  ASSERT_TRUE(tree->abort("a", "w").ok());
  collect_all(*tree);
  EXPECT_THAT(objects(), testing::IsEmpty());
  expect_clean(*tree);
}

}  // namespace
}  // namespace storage_tree
