// What becomes of files when their attempt ends, and what a crash leaves.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <future>

#include "cluster.h"

namespace storage_ephemeral {
namespace {

class Attempts : public TwoNodes {
 protected:
  Attempts() : TwoNodes(watchful) {}
  static NewInode of_activation(storage::InodeNumber inode, const Attempt& attempt) {
    NewInode what = new_file(inode, attempt);
    what.seal = SealWhen::kActivation;
    return what;
  }
};

TEST_F(Attempts, SuccessSealsWhatWasClosedOpenOrNeverOpened) {
  write_file(a(), "closed", of_activation(10, "w"), "one");
  const OpenFile open = begin_file(a(), "open", of_activation(11, "w"));
  append(open, "two");
  ASSERT_TRUE(a().create(name("never"), of_activation(12, "w")).ok());
  EXPECT_EQ(a().get(10)->record.state, FileState::kWriting);
  a().settle("w", Outcome::kSucceeded);
  ASSERT_TRUE(flush(a(), "w").ok());
  ASSERT_TRUE(refresh(b()).ok());
  EXPECT_EQ(*read_file(b(), "closed"), "one");
  EXPECT_EQ(*read_file(b(), "open"), "two");
  EXPECT_EQ(*read_file(b(), "never"), "");
  a().close_write(open.file);
  EXPECT_EQ(a().get(11)->record.state, FileState::kSealed);
}

// How many descriptors this process may have, while this is alive.
class DescriptorLimit {
 public:
  explicit DescriptorLimit(rlim_t most) {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const rlimit few{most, before_.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &few);
  }
  ~DescriptorLimit() { ::setrlimit(RLIMIT_NOFILE, &before_); }
  DescriptorLimit(const DescriptorLimit&) = delete;
  DescriptorLimit& operator=(const DescriptorLimit&) = delete;

 private:
  rlimit before_{};
};

TEST_F(Attempts, AnAttemptMakesMoreFilesThanTheNodeMayHaveDescriptors) {
  const DescriptorLimit limit(256);
  const auto file_name = [](int i) { return "f" + std::to_string(i); };
  for (int i = 0; i < 1000; ++i)
    write_file(a(), file_name(i), of_activation(10 + static_cast<unsigned>(i), "w"), file_name(i));
  ASSERT_FALSE(HasFailure());
  EXPECT_EQ(*a().size(10), 2U);
  // What is closed and not final yet is read, written to and fetched like anything else.
  auto again = a().open_write(11, "w", Volume::Rewrite::kKeepBytes);
  ASSERT_TRUE(again.ok());
  append(*again, " and more");
  a().close_write(again->file);
  const auto early = open_file(a(), "f2", "r");
  ASSERT_TRUE(early.ok());
  std::array<char, 2> bytes{};
  EXPECT_EQ(::pread(early->backing.get(), bytes.data(), 2, 0), 2);
  a().close_read(early->file);
  ASSERT_TRUE(refresh(b()).ok());
  auto far = std::async(std::launch::async, [this] { return read_file(b(), "f1"); });
  a().settle("w", Outcome::kSucceeded);
  ASSERT_TRUE(flush(a(), "w").ok());
  EXPECT_EQ(*far.get(), "f1 and more");
  ASSERT_TRUE(refresh(b()).ok());
  EXPECT_EQ(*read_file(b(), "f999"), "f999");
  for (unsigned i = 10; i < 1010; ++i) EXPECT_EQ(a().get(i)->record.state, FileState::kSealed) << i;
}

TEST_F(Attempts, FailurePoisonsWhatIsUnfinishedAndNothingElse) {
  write_file(a(), "sealed", new_file(10, "w"), "one");
  write_file(a(), "closed", of_activation(11, "w"), "two");
  ASSERT_TRUE(a().create(name("never"), of_activation(12, "w")).ok());
  a().settle("w", Outcome::kDied);
  ASSERT_TRUE(flush(a(), "w").ok());
  EXPECT_EQ(a().get(10)->record.state, FileState::kSealed);
  for (const storage::InodeNumber inode : {11U, 12U}) {
    EXPECT_EQ(a().get(inode)->record.state, FileState::kPoisoned);
    EXPECT_EQ(a().get(inode)->record.reason, PoisonReason::kWriterDied);
  }
  ASSERT_TRUE(a().remove(name("closed")).ok());
  EXPECT_FALSE(a().find(name("closed")));
}

TEST_F(Attempts, WhatAnAttemptOpenedIsRememberedAndItsOwnFilesAreNot) {
  write_file(a(), "in", new_file(10, "w"), "one");
  const OpenFile unfinished = begin_file(a(), "tail", of_activation(11, "w"));
  write_file(a(), "own", new_file(12, "r"), "mine");
  ASSERT_TRUE(read_file(a(), "in", "r").ok());
  ASSERT_TRUE(read_file(a(), "own", "r").ok());
  const auto tail = open_file(a(), "tail", "r");
  ASSERT_TRUE(tail.ok());
  a().close_read(tail->file);
  auto known = a().dependencies("r");
  ASSERT_EQ(known.size(), 2U);
  EXPECT_EQ(known[0].file.inode, 10U);
  EXPECT_EQ(known[0].state, FileState::kSealed);
  EXPECT_EQ(known[1].state, FileState::kWriting);
  a().settle("w", Outcome::kFailed);
  known = a().dependencies("r");
  EXPECT_EQ(known[1].state, FileState::kPoisoned);
  ASSERT_TRUE(a().remove(name("in")).ok());
  EXPECT_EQ(a().dependencies("r")[0].state, FileState::kSealed);  // it was whole when it was read
  a().release("r");
  EXPECT_TRUE(a().dependencies("r").empty());
  a().close_write(unfinished.file);
}

TEST_F(Attempts, AfterACrashUnfinishedFilesArePoisonedAndWholeOnesAreThere) {
  write_file(a(), "whole", new_file(10, "w"), "whole");
  const OpenFile file = begin_file(a(), "half", new_file(11, "w"));
  append(file, "half");
  NewInode scratch = new_file(12, "w");
  scratch.lifetime = {Lifetime::Kind::kActivation, "w", {}};
  write_file(a(), "scratch", scratch, "scratch");
  cluster.stop("a");
  cluster.start("a", watchful);
  EXPECT_EQ(*read_file(a(), "whole"), "whole");
  EXPECT_EQ(open_file(a(), "half", "r").error().code, base::ErrorCode::kDataLoss);
  EXPECT_EQ(a().get(11)->record.reason, PoisonReason::kWriterDied);
  EXPECT_FALSE(a().find(name("scratch")));
  EXPECT_TRUE(eventually([&] {
    const auto half = b().get(11);
    return half && half->record.state == FileState::kPoisoned && !b().find(name("scratch"));
  }));
  EXPECT_EQ(*read_file(b(), "whole"), "whole");
}

TEST_F(Attempts, ADaemonThatComesBackGoesOnWithTheFilesOfLivingAttempts) {
  const OpenFile file = begin_file(a(), "part", new_file(10, "w"));
  append(file, "before");
  const auto reader = open_file(b(), "part", "r");
  ASSERT_TRUE(reader.ok());
  Answer<std::uint64_t> first;
  b().await_bytes(reader->file, 0, 6, first.done());
  EXPECT_EQ(*first.get(), 6U);
  Answer<std::uint64_t> tail;
  b().await_bytes(reader->file, 6, 6, tail.done());
  cluster.stop("a");
  append(file, " and");  // the kernel passes it through
  cluster.start("a", watchful, {"w"});
  EXPECT_EQ(*tail.get(), 4U);
  append(file, " after");
  a().settle("w", Outcome::kSucceeded);
  EXPECT_EQ(*read_rest(b(), *reader), "before and after");
  b().close_read(reader->file);
  EXPECT_GT(cluster.node("b").metrics().resumed, 0U);
}

TEST_F(Attempts, NamesThatWereNotPublishedYetOutliveTheDaemon) {
  cluster.stop("a");
  cluster.start("a",
                [](NodeSettings& settings) { settings.publish_after = std::chrono::hours(1); });
  write_file(a(), "x", new_file(10, "w"), "bytes");
  cluster.stop("a");
  EXPECT_FALSE(b().find(name("x")));
  cluster.start("a", watchful);
  EXPECT_EQ(*read_file(a(), "x"), "bytes");
  EXPECT_EQ(*read_file(b(), "x"), "bytes");
}

TEST_F(Attempts, ANodeThatComesBackWithoutItsFilesSaysSo) {
  write_file(a(), "x", new_file(10, "w"), "bytes");
  write_file(a(), "y", new_file(11, "w"), "bytes");
  ASSERT_EQ(*read_file(b(), "y"), "bytes");  // b has a copy now
  ASSERT_TRUE(eventually([&] { return a().get(11)->holders.size() == 2; }));
  cluster.stop("a");
  std::filesystem::remove_all(cluster.directory("a"));
  cluster.start("a", watchful);
  EXPECT_FALSE(a().find(name("x")));
  EXPECT_EQ(*read_file(a(), "y"), "bytes");
}

TEST_F(Attempts, ALostNodesFilesAreGoneOrPoisoned) {
  write_file(a(), "only", new_file(10, "w"), "bytes");
  write_file(a(), "copied", new_file(11, "w"), "bytes");
  const OpenFile file = begin_file(a(), "half", new_file(12, "w"));
  ASSERT_EQ(*read_file(b(), "copied"), "bytes");
  ASSERT_TRUE(eventually([&] {
    return b().find(name("half")).has_value() && b().get(10)->holders.size() == 1 &&
           b().get(11)->holders.size() == 2;
  }));
  cluster.stop("a");
  b().close_write(file.file);
  cluster.node("b").node_lost("a");
  EXPECT_FALSE(b().find(name("only")));
  EXPECT_EQ(*read_file(b(), "copied"), "bytes");
  EXPECT_EQ(b().get(12)->record.state, FileState::kPoisoned);
}

// --- Second copies ---

TEST_F(Attempts, WithTwoCopiesTheSealWaitsForTheSecond) {
  NewInode what = new_file(10, "w");
  what.copies = 2;
  const std::string bytes = noise(2'500'000);
  const OpenFile file = begin_file(a(), "x", what);
  append(file, bytes);
  a().close_write(file.file);
  ASSERT_TRUE(flush(a(), "w").ok());
  EXPECT_EQ(a().get(10)->record.state, FileState::kSealed);
  EXPECT_EQ(a().get(10)->holders, (std::set<NodeName>{"a", "b"}));
  ASSERT_TRUE(eventually([&] { return b().get(10)->record.state == FileState::kSealed; }));
  cluster.stop("a");
  const auto read = read_file(b(), "x");
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_TRUE(*read == bytes);
}

TEST_F(Attempts, WithoutASecondNodeAPromisedCopyPoisons) {
  cluster.stop("b");
  cluster.redirect("b", std::nullopt);
  NewInode what = new_file(10, "w");
  what.copies = 2;
  write_file(a(), "x", what, "bytes");
  ASSERT_TRUE(flush(a(), "w").ok());
  EXPECT_EQ(a().get(10)->record.reason, PoisonReason::kCopyFailed);
}

TEST_F(Attempts, ASecondNodeThatDiesIsReplaced) {
  NewInode what = new_file(10, "w");
  what.copies = 2;
  const OpenFile file = begin_file(a(), "x", what);
  append(file, "one");
  ASSERT_TRUE(eventually([&] { return cluster.node("a").metrics().bytes_sent > 0; }));
  cluster.start("c", watchful);
  cluster.stop("b");
  append(file, "two");
  a().close_write(file.file);
  ASSERT_TRUE(flush(a(), "w").ok());
  EXPECT_EQ(a().get(10)->holders, (std::set<NodeName>{"a", "c"}));
  EXPECT_EQ(*read_file(cluster.on("c"), "x"), "onetwo");
}

}  // namespace
}  // namespace storage_ephemeral
