// The node's disk has no room, for the action's files, for the daemon's own, and for the store.
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>

#include "node.h"
#include "testing/eventually.h"

namespace storaged_test {
namespace {

// The embedded store leaves 64 MiB of the disk to others.
constexpr std::size_t kMuch = 200 << 20;

class FullDisk : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = no_mounts_here(); !why.empty()) GTEST_SKIP() << why;
    if (::unshare(CLONE_NEWNS) != 0 ||
        ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
      GTEST_SKIP() << "no mount namespace of our own can be had";
    }
    const auto disk = folder_.path() / "state";
    std::filesystem::create_directory(disk);
    ASSERT_EQ(::mount("small", disk.c_str(), "tmpfs", 0, "size=160m"), 0) << errno;
    node_ = std::make_unique<Node>(folder_.path());
    client_ = node_->client("invoker");
    Use first = use("first");
    ASSERT_TRUE(first.ok()) << first.error().message;
    ASSERT_TRUE(first.write("kept", text_));
    ASSERT_TRUE(first.finish(true));
  }
  void TearDown() override {
    client_.reset();
    node_.reset();
    ::umount2((folder_.path() / "state").c_str(), MNT_DETACH);
  }

  Use use(const std::string& activation) { return Use(*client_, activation, volume_of("job")); }
  // As if nothing had been: what was committed is there, and there is room for more.
  void expect_all_well() {
    // The files of the attempt go a moment after its end.
    ASSERT_TRUE(testing_support::eventually([&] {
      Use probe = this->use("probe");
      return probe.ok() && probe.write("room", text_ + text_);
    }));
    Use use = this->use("next");
    ASSERT_TRUE(use.ok()) << use.error().message;
    EXPECT_TRUE(use.read("kept") == text_);
    EXPECT_EQ(use.list("."), (std::vector<std::string>{"kept"}));
    EXPECT_TRUE(use.write("more", text_)) << errno;
    const auto report = use.finish(true);
    EXPECT_TRUE(report) << report.error().message;
    const auto checked = client_->ask(storage_control::Check{{"guest", "job", ""}, false});
    ASSERT_TRUE(checked) << checked.error().message;
    EXPECT_EQ(*checked->find("guest/job")->find("found")->as_int64(), 0) << checked->to_string();
  }

  const std::string text_ = std::string(5'000'000, 'k');
  Folder folder_;
  std::unique_ptr<Node> node_;
  std::unique_ptr<storage_control::ControlClient> client_;
};

TEST_F(FullDisk, IsAnErrorInTheActionWhichMayGoOn) {
  Use use = this->use("full");
  EXPECT_FALSE(use.write("large", std::string(kMuch, 'l')));
  EXPECT_EQ(errno, ENOSPC);
  ASSERT_EQ(::unlinkat(use.root(), "large", 0), 0) << errno;
  EXPECT_TRUE(use.write("small", "s")) << errno;
  ASSERT_EQ(::unlinkat(use.root(), "small", 0), 0) << errno;
  const auto report = use.finish(true);
  EXPECT_TRUE(report) << report.error().message;
  expect_all_well();
}

TEST_F(FullDisk, IsAnErrorOfTheCommitThatHasNoRoomForItsFiles) {
  Use use = this->use("full");
  EXPECT_FALSE(use.write("large", std::string(kMuch, 'l')));
  const auto report = use.finish(true);
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, base::ErrorCode::kNoSpace) << report.error().message;
  expect_all_well();
}

}  // namespace
}  // namespace storaged_test
