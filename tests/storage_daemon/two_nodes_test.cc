// Two nodes, each with its own daemon, mount and cache, and one Ceph under both.
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>

#include "node.h"
#include "testing/services.h"

namespace storaged_test {
namespace {

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
