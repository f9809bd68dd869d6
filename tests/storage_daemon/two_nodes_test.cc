// Two nodes, each with its own daemon, mount and cache, and one Ceph under both.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <future>

#include "node.h"
#include "testing/services.h"

namespace storaged_test {
namespace {

using namespace std::chrono_literals;
using base::ErrorCode;

class TwoNodes : public testing::Test {
 protected:
  void SetUp() override {
    NEEDS_SERVICE("ceph");
    if (const std::string why = no_mounts_here(); !why.empty()) GTEST_SKIP() << why;
    const std::string conf = testing_services::folder_of("ceph") / "data" / "larder.conf";
    const std::vector<std::string> settings{"store=ceph", "ceph.conf=" + conf, "ceph.user=larder"};
    // The cluster outlives the test: names of nodes and volumes must be new.
    tag_ = std::to_string(::getpid()) + "-" +
           std::to_string(std::chrono::system_clock::now().time_since_epoch().count());
    one_ = std::make_unique<Node>(first_.path(), settings, "one-" + tag_);
    two_ = std::make_unique<Node>(second_.path(), settings, "two-" + tag_);
    here_ = one_->client("here");
    there_ = two_->client("there");
  }

  hints::Volume volume() const { return volume_of("v" + tag_); }
  hints::Volume volume_with_parts() const {
    return storaged_test::volume_with_parts("v" + tag_, hints::Lifetime::Kind::kVolume);
  }

  static void wait_for_a_name(const Use& reader) {
    const auto begun = std::chrono::steady_clock::now();
    while (reader.list(".").empty() && std::chrono::steady_clock::now() - begun < 20s) {
    }
  }
  // Of `log.part`, from when its name has come here; 0 when it could be read to its end.
  static std::future<int> error_of_reading(const Use& reader) {
    wait_for_a_name(reader);
    return std::async(std::launch::async,
                      [&reader] { return reader.read("log.part") ? 0 : errno; });
  }

  Folder first_, second_;
  std::string tag_;
  std::unique_ptr<Node> one_, two_;
  std::unique_ptr<storage_control::ControlClient> here_, there_;
};

TEST_F(TwoNodes, WhatOneNodeCommittedTheOtherReads) {
  Use writer(*here_, "a1", volume());
  ASSERT_TRUE(writer.ok()) << writer.error().message;
  const std::string large(5'000'000, 'x');
  ASSERT_TRUE(writer.write("small", "hello"));
  ASSERT_TRUE(writer.write("large", large));
  const auto written = writer.finish(true);
  ASSERT_TRUE(written) << written.error().message;

  Use reader(*there_, "a2", volume());
  ASSERT_TRUE(reader.ok()) << reader.error().message;
  EXPECT_EQ(reader.read("small"), "hello");
  EXPECT_EQ(reader.read("large"), large);
  const auto read = reader.finish(true);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->traffic.at(0).read_remote_bytes, 5'000'000);

  Use again(*there_, "a3", volume());
  EXPECT_EQ(again.read("large"), large);
  EXPECT_EQ(again.finish(true)->traffic.at(0).read_remote_bytes, 0) << "it is in the cache";
}

TEST_F(TwoNodes, OfTwoNodesThatWriteOneFileTheFirstToCommitWins) {
  ASSERT_TRUE(Use(*here_, "a0", volume()).finish(true));
  Use first(*here_, "a1", volume()), second(*there_, "a2", volume());
  ASSERT_TRUE(first.ok() && second.ok());
  ASSERT_TRUE(first.write("file", "first"));
  ASSERT_TRUE(second.write("file", "second"));
  ASSERT_TRUE(second.finish(true));
  const auto lost = first.finish(true);
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().code, ErrorCode::kConflict);
  EXPECT_NE(lost.error().message.find("a2"), std::string::npos) << lost.error().message;
  Use next(*here_, "a3", volume());
  EXPECT_EQ(next.read("file"), "second");
}

TEST_F(TwoNodes, AVolumeThatTheOtherNodeRemovedIsANewOne) {
  for (const std::string round : {"1", "2"}) {
    Use writer(*here_, "a" + round, volume());
    ASSERT_TRUE(writer.ok()) << writer.error().message;
    EXPECT_TRUE(writer.list(".").empty());
    ASSERT_TRUE(writer.write("file", round));
    ASSERT_TRUE(writer.finish(true));
    EXPECT_EQ(Use(*there_, "b" + round, volume()).read("file"), round);
    const auto removed = there_->ask(storage_control::Remove{{"guest", volume().name, ""}, true});
    ASSERT_TRUE(removed) << removed.error().message;
  }
}

TEST_F(TwoNodes, AFileIsReadOnOneNodeWhileTheOtherWritesIt) {
  Use writer(*here_, "a1", volume_with_parts()), reader(*there_, "a2", volume_with_parts());
  ASSERT_TRUE(writer.ok() && reader.ok()) << writer.error().message << reader.error().message;
  const base::UniqueFd file(
      ::openat(writer.root(), "log.part", O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
  ASSERT_TRUE(file.valid()) << errno;
  wait_for_a_name(reader);
  ASSERT_EQ(reader.list("."), (std::vector<std::string>{"log.part"}));
  auto all = std::async(std::launch::async, [&] { return reader.read("log.part"); });
  std::string text;
  for (int i = 0; i < 40; ++i) {
    const std::string piece(100'000 + i, static_cast<char>('a' + i % 26));
    ASSERT_EQ(::write(file.get(), piece.data(), piece.size()), static_cast<ssize_t>(piece.size()));
    text += piece;
  }
  ASSERT_TRUE(writer.finish(true));
  EXPECT_TRUE(all.get() == text) << "not a byte is lost";
  const auto report = reader.finish(true);
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->traffic.at(1).read_remote_bytes, static_cast<std::int64_t>(text.size()));
}

TEST_F(TwoNodes, NamesAreSeenOnTheOtherNodeWhenTheActivationIsOver) {
  Use writer(*here_, "a1", volume_with_parts());
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(writer.write(std::to_string(i) + ".part", std::to_string(i))) << errno;
  }
  ASSERT_TRUE(writer.finish(true));
  Use reader(*there_, "a2", volume_with_parts());
  EXPECT_EQ(reader.list(".").size(), 100U);
  EXPECT_EQ(reader.read("57.part"), "57");
}

TEST_F(TwoNodes, AReaderGetsAnErrorWhenTheProducerFails) {
  Use writer(*here_, "a1", volume_with_parts());
  ASSERT_TRUE(writer.write("log.part", "half"));
  Use reader(*there_, "a2", volume_with_parts());
  auto error = error_of_reading(reader);
  EXPECT_NE(error.wait_for(200ms), std::future_status::ready);
  ASSERT_TRUE(writer.finish(false));
  EXPECT_EQ(error.get(), EIO);
}

TEST_F(TwoNodes, AReaderGetsAnErrorWhenTheProducersNodeIsGone) {
  Use writer(*here_, "a1", volume_with_parts());
  ASSERT_TRUE(writer.write("log.part", "half"));
  Use reader(*there_, "a2", volume_with_parts());
  auto error = error_of_reading(reader);
  EXPECT_NE(error.wait_for(200ms), std::future_status::ready);
  writer.drop();
  here_.reset();
  one_->stop();
  EXPECT_EQ(error.get(), EIO);
}

TEST_F(TwoNodes, ADaemonThatIsKilledGoesOnWithItsAttempts) {
  Use writer(*here_, "a1", volume());
  ASSERT_TRUE(writer.ok()) << writer.error().message;
  ASSERT_TRUE(writer.write("before", "1"));
  one_->kill_daemon();
  ASSERT_TRUE(writer.write("after", "2"));
  const auto done = writer.finish(true);
  ASSERT_TRUE(done) << done.error().message;
  Use reader(*there_, "a2", volume());
  EXPECT_EQ(reader.list("."), (std::vector<std::string>{"after", "before"}));
}

}  // namespace
}  // namespace storaged_test
