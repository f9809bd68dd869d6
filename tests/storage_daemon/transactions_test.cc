// Volumes of larder-storaged as an invoker has them: real mount, real processes.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "one_node.h"

namespace storaged_test {
namespace {

using base::ErrorCode;
using storage::CommitReport;

class Transactions : public OneNode {
 protected:
  Use use(const std::string& activation, const std::string& volume = "job") {
    return Use(*client_, activation, volume_of(volume));
  }
  // The volume as the next activation sees it.
  std::optional<std::string> read(const std::string& path) {
    Use next = use("reader" + std::to_string(++readers_));
    EXPECT_TRUE(next.ok()) << next.error().message;
    return next.read(path);
  }

  // Whether the daemon's metrics have that line.
  testing::AssertionResult says(const std::string& line) {
    const auto answer = client_->ask(storage_control::Metrics{});
    const std::string text = answer ? answer->find("text")->as_string() : "";
    if (text.find(line + "\n") != std::string::npos) return testing::AssertionSuccess();
    return testing::AssertionFailure() << text;
  }

  int readers_ = 0;
};

TEST_F(Transactions, WhatOneActivationWroteTheNextOneReads) {
  Use first = use("a1");
  ASSERT_TRUE(first.ok()) << first.error().message;
  ASSERT_EQ(::mkdirat(first.root(), "out", 0755), 0) << errno;
  ASSERT_TRUE(first.write("out/small", "hello")) << errno;
  const std::string large(9'000'001, 'x');
  ASSERT_TRUE(first.write("out/large", large)) << errno;
  EXPECT_EQ(first.read("out/small"), "hello");
  const auto report = first.finish(true);
  ASSERT_TRUE(report) << report.error().message;
  ASSERT_TRUE(report->commit);
  EXPECT_EQ(report->commit->kind, CommitReport::Kind::kOk);
  EXPECT_EQ(report->commit->number, 1U);
  EXPECT_EQ(report->isolation, hints::Isolation::kSnapshot);
  ASSERT_EQ(report->traffic.size(), 1U);
  EXPECT_EQ(report->traffic[0].written_bytes, 9'000'006);

  Use second = use("a2");
  ASSERT_TRUE(second.ok()) << second.error().message;
  EXPECT_EQ(second.list("."), (std::vector<std::string>{"out"}));
  EXPECT_EQ(second.list("out"), (std::vector<std::string>{"large", "small"}));
  EXPECT_EQ(second.read("out/small"), "hello");
  EXPECT_EQ(second.read("out/large"), large);
  struct stat stat{};
  ASSERT_EQ(::fstatat(second.root(), "out/large", &stat, 0), 0);
  EXPECT_EQ(stat.st_size, 9'000'001);
  EXPECT_EQ(second.finish(true)->commit->number, 1U) << "nothing was changed";
}

TEST_F(Transactions, AFailedActivationLeavesNothing) {
  Use first = use("a1");
  ASSERT_TRUE(first.ok()) << first.error().message;
  ASSERT_TRUE(first.write("file", "hello"));
  const auto report = first.finish(false);
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->commit->kind, CommitReport::Kind::kAborted);
  EXPECT_EQ(read("file"), std::nullopt);
}

TEST_F(Transactions, NobodySeesWhatIsNotCommitted) {
  Use writer = use("a1"), other = use("a2");
  ASSERT_TRUE(writer.write("file", "hello"));
  EXPECT_EQ(other.list("."), (std::vector<std::string>{}));
  Use third = use("a3");
  EXPECT_EQ(third.read("file"), std::nullopt);
  ASSERT_TRUE(writer.finish(true));
  EXPECT_EQ(other.read("file"), std::nullopt) << "a snapshot does not move";
  EXPECT_EQ(read("file"), "hello");
}

TEST_F(Transactions, OfTwoThatWriteOneFileTheFirstToCommitWins) {
  ASSERT_TRUE(use("a0").finish(true));
  Use first = use("a1"), second = use("a2");
  ASSERT_TRUE(first.write("file", "first"));
  ASSERT_TRUE(second.write("file", "second"));
  ASSERT_TRUE(first.finish(true));
  const auto lost = second.finish(true);
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().code, ErrorCode::kConflict);
  EXPECT_NE(lost.error().message.find("\"file\""), std::string::npos) << lost.error().message;
  EXPECT_NE(lost.error().message.find("a1"), std::string::npos) << lost.error().message;
  EXPECT_EQ(read("file"), "first");
}

TEST_F(Transactions, ASerializableActivationConflictsOverWhatItOnlyRead) {
  Use setup = use("a0");
  ASSERT_TRUE(setup.write("read", "1") && setup.write("other", "1"));
  ASSERT_TRUE(setup.finish(true));
  hints::Volume volume = volume_of("job");
  volume.isolation = hints::Isolation::kSerializable;
  Use strict(*client_, "a1", volume), lucky(*client_, "a2", volume), snapshot = use("a3");
  for (Use* one : {&strict, &snapshot}) ASSERT_EQ(one->read("read"), "1");
  ASSERT_EQ(lucky.read("other"), "1");
  Use writer = use("a4");
  ASSERT_TRUE(writer.write("read", "2"));
  ASSERT_TRUE(writer.finish(true));
  ASSERT_TRUE(strict.write("derived", "of 1") && lucky.write("lucky", "of 1") &&
              snapshot.write("old", "of 1"));
  const auto lost = strict.finish(true);
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().code, ErrorCode::kConflict);
  EXPECT_NE(lost.error().message.find("a4"), std::string::npos) << lost.error().message;
  EXPECT_TRUE(lucky.finish(true));
  EXPECT_TRUE(snapshot.finish(true));
}

TEST_F(Transactions, ARemovedVolumeLeavesNoObjects) {
  const auto objects = [&] {
    std::size_t files = 0;
    for (const auto& entry :
         std::filesystem::recursive_directory_iterator(folder_.path() / "state" / "store")) {
      files += entry.is_regular_file() && entry.file_size() > 1'000'000 ? 1 : 0;
    }
    return files;
  };
  Use first = use("a1");
  ASSERT_TRUE(first.write("large", std::string(9'000'000, 'x')));
  ASSERT_TRUE(first.finish(true));
  EXPECT_GE(objects(), 2U);
  const auto removed = client_->ask(storage_control::Remove{{"guest", "job", ""}, true});
  ASSERT_TRUE(removed) << removed.error().message;
  EXPECT_EQ(objects(), 0U);
}

TEST_F(Transactions, TheSameActivationIsCommittedOnce) {
  Use first = use("a1"), again = use("a1");
  ASSERT_TRUE(first.write("file", "once"));
  ASSERT_TRUE(again.write("file", "twice"));
  const auto won = first.finish(true);
  ASSERT_TRUE(won) << won.error().message;
  const auto late = again.finish(true);
  ASSERT_TRUE(late) << late.error().message;
  EXPECT_EQ(late->commit->number, won->commit->number);
  EXPECT_EQ(read("file"), "once");
}

TEST_F(Transactions, FilesAreChangedInPlaceRenamedAndRemoved) {
  Use first = use("a1");
  ASSERT_TRUE(first.write("a", "0123456789"));
  ASSERT_TRUE(first.write("b", "b"));
  ASSERT_TRUE(first.write("c", "c"));
  ASSERT_EQ(::symlinkat("a", first.root(), "link"), 0);
  ASSERT_EQ(::linkat(first.root(), "a", first.root(), "hard", 0), 0);
  ASSERT_TRUE(first.finish(true));

  Use second = use("a2");
  ASSERT_EQ(second.read("link"), "0123456789");
  const base::UniqueFd file(::openat(second.root(), "a", O_RDWR | O_CLOEXEC));
  ASSERT_TRUE(file.valid()) << errno;
  ASSERT_EQ(::pwrite(file.get(), "xy", 2, 4), 2);
  EXPECT_EQ(second.read("hard"), "0123xy6789");
  ASSERT_EQ(::renameat(second.root(), "b", second.root(), "d"), 0);
  ASSERT_EQ(::unlinkat(second.root(), "c", 0), 0);
  ASSERT_EQ(::fchmodat(second.root(), "d", 0600, 0), 0);
  const auto report = second.finish(true);
  ASSERT_TRUE(report) << report.error().message;

  Use third = use("a3");
  EXPECT_EQ(third.list("."), (std::vector<std::string>{"a", "d", "hard", "link"}));
  EXPECT_EQ(third.read("a"), "0123xy6789");
  EXPECT_EQ(third.read("hard"), "0123xy6789");
  struct stat stat{};
  ASSERT_EQ(::fstatat(third.root(), "d", &stat, 0), 0);
  EXPECT_EQ(stat.st_mode & 07777, 0600U);
}

TEST_F(Transactions, AReadOnlyVolumeRefusesWrites) {
  ASSERT_TRUE(use("a0").finish(true));
  hints::Volume volume = volume_of("job");
  volume.read_only = true;
  Use reader(*client_, "a1", volume);
  ASSERT_TRUE(reader.ok()) << reader.error().message;
  EXPECT_FALSE(reader.write("file", "x"));
  EXPECT_EQ(errno, EROFS);
}

TEST_F(Transactions, AnActivationGoesOnOverTheDeathOfTheDaemon) {
  Use first = use("a1");
  ASSERT_TRUE(first.ok()) << first.error().message;
  ASSERT_TRUE(first.write("before", "written before"));
  const base::UniqueFd open_file(
      ::openat(first.root(), "open", O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  ASSERT_TRUE(open_file.valid());
  ASSERT_EQ(::write(open_file.get(), "one ", 4), 4);
  node_->kill_daemon();
  ASSERT_EQ(::write(open_file.get(), "two", 3), 3);
  EXPECT_EQ(first.read("before"), "written before");
  EXPECT_EQ(first.list("."), (std::vector<std::string>{"before", "open"}));
  ASSERT_TRUE(first.write("after", "written after")) << errno;
  const auto report = first.finish(true);
  ASSERT_TRUE(report) << report.error().message;
  Use next = use("a2");
  EXPECT_EQ(next.read("before"), "written before");
  EXPECT_EQ(next.read("open"), "one two");
  EXPECT_EQ(next.read("after"), "written after");
}

TEST_F(Transactions, WhatHasEndedDoesNotComeBackWithTheNextDaemon) {
  Use first = use("a1");
  ASSERT_TRUE(first.write("file", "x"));
  ASSERT_TRUE(first.finish(true));
  node_->kill_daemon();
  EXPECT_TRUE(says("larder_storage_attempts_open 0"));
  EXPECT_EQ(read("file"), "x");
}

TEST_F(Transactions, AClientThatGoesAwayIsAborted) {
  auto other = node_->client("another");
  Use lost(*other, "a1", volume_of("job"));
  ASSERT_TRUE(lost.ok());
  ASSERT_TRUE(lost.write("file", "x"));
  EXPECT_TRUE(says("larder_storage_attempts_open 1"));
  other.reset();
  // The connection is shared with the open volume, which still lives: it goes with it.
  lost.drop();
  EXPECT_TRUE(says("larder_storage_attempts_open 0"));
  EXPECT_EQ(read("file"), std::nullopt);
}

TEST_F(Transactions, AFileThatIsOpenAtTheEndIsToldOrAnErrorWhereTheHintSaysSo) {
  hints::Volume strict = volume_of("job");
  strict.open_at_end = hints::OpenAtEnd::kAbort;
  const auto open_in = [](const Use& use) {
    EXPECT_EQ(::mkdirat(use.root(), "out", 0755), 0);
    return base::UniqueFd(::openat(use.root(), "out/half", O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
  };
  Use first(*client_, "a1", strict);
  ASSERT_TRUE(first.ok()) << first.error().message;
  auto file = open_in(first);
  ASSERT_EQ(::write(file.get(), "x", 1), 1);
  const auto refused = first.finish(true);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kInvalidArgument);
  EXPECT_NE(refused.error().message.find("\"out/half\" was still open"), std::string::npos)
      << refused.error().message;
  EXPECT_EQ(read("out/half"), std::nullopt);

  Use second = use("a2");
  file = open_in(second);
  ASSERT_EQ(::write(file.get(), "x", 1), 1);
  const auto told = second.finish(true);
  ASSERT_TRUE(told) << told.error().message;
  EXPECT_EQ(told->open_at_end, std::vector<std::string>{"out/half"});
  EXPECT_EQ(read("out/half"), "x");

  Use third(*client_, "a3", strict);
  ASSERT_TRUE(third.write("closed", "x"));
  const auto fine = third.finish(true);
  ASSERT_TRUE(fine) << fine.error().message;
  EXPECT_TRUE(fine->open_at_end.empty());
}

TEST_F(Transactions, WhatThisNodeCannotDoIsRefusedInASentence) {
  hints::Volume volume = volume_of("job");
  volume.tier = hints::Tier::kEphemeral;
  volume.lifetime.kind = hints::Lifetime::Kind::kSession;
  Use refused(*client_, "a1", volume);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kUnsupported);
}

}  // namespace
}  // namespace storaged_test
