// Ephemeral files of larder-storaged: real mount, real processes, one node.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <future>

#include "one_node.h"

namespace storaged_test {
namespace {

using namespace std::chrono_literals;
using base::ErrorCode;

class Ephemeral : public OneNode {
 protected:
  // Durable files, but for *.part.
  Use use(const std::string& activation,
          hints::Lifetime::Kind lifetime = hints::Lifetime::Kind::kVolume) {
    return Use(*client_, activation, volume_with_parts("job", lifetime));
  }
};

TEST_F(Ephemeral, FilesAreSeenByOthersAtOnceAndEndWithTheirActivation) {
  Use first = use("a1", hints::Lifetime::Kind::kActivation), second = use("a2");
  ASSERT_TRUE(first.ok()) << first.error().message;
  ASSERT_TRUE(first.write("scratch.part", "hello")) << errno;
  ASSERT_TRUE(first.write("durable", "x"));
  EXPECT_EQ(second.list("."), (std::vector<std::string>{"scratch.part"}));
  const auto report = first.finish(true);
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->commit->number, 1U);
  ASSERT_EQ(report->traffic.size(), 2U);
  EXPECT_EQ(report->traffic[1].tier, hints::Tier::kEphemeral);
  EXPECT_EQ(report->traffic[1].written_bytes, 5);
  EXPECT_EQ(second.list("."), (std::vector<std::string>{}));
  EXPECT_EQ(use("a3").list("."), (std::vector<std::string>{"durable"}));
}

TEST_F(Ephemeral, FilesOfTheVolumeStayOverActivationsAndDaemons) {
  Use first = use("a1");
  ASSERT_TRUE(first.write("kept.part", "hello")) << errno;
  ASSERT_TRUE(first.finish(true));
  node_->kill_daemon();
  Use second = use("a2");
  EXPECT_EQ(second.read("kept.part"), "hello");
  ASSERT_TRUE(second.finish(true));
  client_.reset();
  node_.reset();
  start();
  Use third = use("a3");
  EXPECT_EQ(third.read("kept.part"), "hello");
  EXPECT_EQ(third.finish(true)->traffic.at(1).read_local_bytes, 5);
}

TEST_F(Ephemeral, AReaderWaitsForTheEndAndTheEndIsTheWritersSuccess) {
  Use writer = use("a1"), reader = use("a2");
  ASSERT_TRUE(writer.write("log.part", "first "));
  auto all = std::async(std::launch::async, [&] { return reader.read("log.part"); });
  const base::UniqueFd file(::openat(writer.root(), "log.part", O_WRONLY | O_APPEND | O_CLOEXEC));
  ASSERT_EQ(::write(file.get(), "second", 6), 6);
  EXPECT_NE(all.wait_for(200ms), std::future_status::ready) << "the writer may go on";
  ASSERT_TRUE(writer.finish(true));
  EXPECT_EQ(all.get(), "first second");
}

TEST_F(Ephemeral, WhatAFailedActivationWroteIsAnErrorForItsReaders) {
  Use writer = use("a1"), reader = use("a2");
  ASSERT_TRUE(writer.write("log.part", "first"));
  auto all = std::async(std::launch::async, [&] {
    auto text = reader.read("log.part");
    return text ? 0 : errno;
  });
  ASSERT_NE(all.wait_for(100ms), std::future_status::ready);
  ASSERT_TRUE(writer.finish(false));
  EXPECT_EQ(all.get(), EIO);
  EXPECT_EQ(use("a3").read("log.part"), std::nullopt);
}

TEST_F(Ephemeral, NothingIsCommittedThatCameOfALostFile) {
  Use writer = use("a1"), reader = use("a2");
  ASSERT_EQ(::mkdirat(writer.root(), "logs.id", 0755), 0);
  ASSERT_TRUE(writer.write("logs.id/log", "first"));
  const base::UniqueFd file(::openat(reader.root(), "logs.id/log", O_RDONLY | O_CLOEXEC));
  char buffer[5];
  ASSERT_EQ(::read(file.get(), buffer, 5), 5);
  ASSERT_TRUE(reader.write("derived", "of it"));
  ASSERT_TRUE(writer.finish(false));
  const auto lost = reader.finish(true);
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().code, ErrorCode::kDataLoss);
  EXPECT_NE(lost.error().message.find(
                "nothing was committed, since the ephemeral file \"logs.id/log\", which was read,"),
            std::string::npos)
      << lost.error().message;
  EXPECT_EQ(use("a3").read("derived"), std::nullopt);
}

TEST_F(Ephemeral, AFileThatGetsADurableNameIsPartOfTheCommit) {
  Use first = use("a1");
  ASSERT_TRUE(first.write("made.part", "hello"));
  ASSERT_EQ(::renameat(first.root(), "made.part", first.root(), "made"), 0) << errno;
  const auto report = first.finish(true);
  ASSERT_TRUE(report) << report.error().message;
  Use second = use("a2");
  EXPECT_EQ(second.list("."), (std::vector<std::string>{"made"}));
  EXPECT_EQ(second.read("made"), "hello");
}

TEST_F(Ephemeral, AnActivationGoesOnOverTheDeathOfTheDaemon) {
  Use writer = use("a1");
  const base::UniqueFd file(
      ::openat(writer.root(), "log.part", O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
  ASSERT_EQ(::write(file.get(), "one ", 4), 4);
  node_->kill_daemon();
  ASSERT_EQ(::write(file.get(), "two", 3), 3);
  ASSERT_TRUE(writer.write("after.part", "3")) << errno;
  ASSERT_TRUE(writer.finish(true));
  Use reader = use("a2");
  EXPECT_EQ(reader.read("log.part"), "one two");
  EXPECT_EQ(reader.read("after.part"), "3");
}

TEST_F(Ephemeral, WhatWasBeingWrittenOnAMountThatIsGoneIsLost) {
  Use writer = use("a1");
  ASSERT_TRUE(writer.write("log.part", "half"));
  writer.drop();
  client_.reset();
  node_.reset();
  start();
  Use reader = use("a2");
  EXPECT_EQ(reader.read("log.part"), std::nullopt);
  EXPECT_EQ(errno, EIO);
}

TEST_F(Ephemeral, TheQuotaHoldsAndReachesTheWriter) {
  hints::Volume volume = volume_with_parts("job", hints::Lifetime::Kind::kVolume);
  volume.quota_bytes = 1'000'000;
  const std::string half(500'000, 'x');
  Use first(*client_, "a1", volume);
  ASSERT_TRUE(first.ok()) << first.error().message;
  for (const char* name : {"one", "two", "one.part"}) EXPECT_TRUE(first.write(name, half)) << name;
  EXPECT_FALSE(first.write("three", "x"));
  EXPECT_EQ(errno, EDQUOT);
  ASSERT_EQ(::unlinkat(first.root(), "three", 0), 0);
  const auto done = first.finish(true);
  ASSERT_TRUE(done) << done.error().message;

  Use second(*client_, "a2", volume);
  EXPECT_TRUE(second.write("two.part", half)) << errno;
  EXPECT_FALSE(second.write("three.part", "x")) << "what the volume holds here counts";
  EXPECT_EQ(errno, EDQUOT);
  ASSERT_EQ(::unlinkat(second.root(), "one.part", 0), 0);
  EXPECT_EQ(second.read("two.part"), half);
  ASSERT_TRUE(second.finish(true));
}

TEST_F(Ephemeral, ADirectoryThatARuleNamesIsThereAndHasTheTierOfTheRule) {
  hints::Volume volume = volume_of("job");
  volume.tier = hints::Tier::kEphemeral;
  volume.rules = {{"out/deep/**", hints::Tier::kDurable}};
  Use first(*client_, "a1", volume);
  Use second(*client_, "a2", volume);
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_EQ(first.list("out"), (std::vector<std::string>{"deep"}));
  ASSERT_TRUE(first.write("out/deep/kept", "1")) << errno;
  ASSERT_EQ(::mkdirat(first.root(), "out/deep/more", 0755), 0);
  ASSERT_TRUE(first.write("out/deep/more/kept", "2")) << errno;
  ASSERT_TRUE(first.write("gone", "3"));
  EXPECT_EQ(second.list("out/deep"), (std::vector<std::string>{})) << "durable: not before the end";
  EXPECT_EQ(second.list("."), (std::vector<std::string>{"gone", "out"}));
  const auto done = first.finish(true);
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(done->traffic.at(0).written_bytes, 2);
  Use third(*client_, "a3", volume);
  EXPECT_EQ(third.read("out/deep/more/kept"), "2");
}

TEST_F(Ephemeral, WhatDoesNotFitSpillsWhereItMay) {
  hints::Volume volume = volume_with_parts("job", hints::Lifetime::Kind::kVolume);
  volume.quota_bytes = 1'000'000;
  volume.spill = true;
  Use first(*client_, "a1", volume);
  ASSERT_TRUE(first.ok()) << first.error().message;
  ASSERT_TRUE(first.write("one.part", std::string(990'000, 'x')));
  ASSERT_TRUE(first.write("two.part", std::string(100'000, 'y')));
  const auto done = first.finish(true);
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(done->traffic.at(0).written_bytes, 100'000) << "it is durable";
  EXPECT_EQ(use("a2").read("two.part"), std::string(100'000, 'y'));
}

TEST_F(Ephemeral, AVolumeIsRemovedWithItsFiles) {
  Use first = use("a1");
  ASSERT_TRUE(first.write("kept.part", "hello"));
  ASSERT_TRUE(first.finish(true));
  const auto removed = client_->ask(storage_control::Remove{{"guest", "job", ""}, true});
  ASSERT_TRUE(removed) << removed.error().message;
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path() / "state" / "ephemeral"));
  EXPECT_EQ(use("a2").list("."), (std::vector<std::string>{}));
}

}  // namespace
}  // namespace storaged_test
