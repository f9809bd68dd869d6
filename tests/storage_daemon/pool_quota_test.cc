// A pool of Ceph with a quota, below activations that write more.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>

#include "node.h"
#include "testing/eventually.h"
#include "testing/services.h"

namespace storaged_test {
namespace {

class PoolQuota : public testing::Test {
 protected:
  void SetUp() override {
    NEEDS_SERVICE("ceph");
    if (const std::string why = no_mounts_here(); !why.empty()) GTEST_SKIP() << why;
    ASSERT_TRUE(ceph("osd pool create " + pool_ + " 8 8"));
    ASSERT_TRUE(ceph("osd pool application enable " + pool_ + " larder"));
    node_ = std::make_unique<Node>(
        folder_.path(),
        std::vector<std::string>{"store=ceph", "ceph.conf=" + conf(), "ceph.user=admin",
                                 "ceph.data-pool=" + pool_},
        pool_);
    client_ = node_->client("invoker");
  }
  void TearDown() override {
    client_.reset();
    node_.reset();
    if (!conf().empty()) {
      ceph("osd pool delete " + pool_ + " " + pool_ + " --yes-i-really-really-mean-it");
    }
  }

  static std::string conf() { return testing_services::folder_of("ceph") / "data" / "ceph.conf"; }
  static bool ceph(const std::string& command) {
    // NOLINTNEXTLINE(concurrency-mt-unsafe): nobody here changes the environment
    return std::system(("CEPH_CONF=" + conf() + " ceph " + command + " >/dev/null 2>&1").c_str()) ==
           0;
  }

  // An activation that writes 3 MB.
  base::Status write() {
    const std::string number = std::to_string(++written_);
    Use use(*client_, "a" + number, volume_of("v" + pool_));
    if (!use.ok()) return use.error();
    EXPECT_TRUE(use.write("f" + number, std::string(3'000'000, 'x')));
    const auto report = use.finish(true);
    if (!report) return report.error();
    ++committed_;
    return {};
  }
  std::size_t files() {
    Use use(*client_, "reader" + std::to_string(++written_), volume_of("v" + pool_));
    return use.list(".").size();
  }

  const std::string pool_ = "larder.quota" + std::to_string(::getpid());
  Folder folder_;
  std::unique_ptr<Node> node_;
  std::unique_ptr<storage_control::ControlClient> client_;
  int written_ = 0;
  std::size_t committed_ = 0;
};

TEST_F(PoolQuota, WhatDoesNotFitIsAnErrorThatNamesIt) {
  ASSERT_TRUE(write().ok());
  ASSERT_TRUE(ceph("osd pool set-quota " + pool_ + " max_bytes 4000000"));
  base::Status refused;
  // Ceph looks at quotas every few seconds.
  ASSERT_TRUE(testing_support::eventually([&] { return !(refused = write()).ok(); }));
  EXPECT_EQ(refused.error().code, base::ErrorCode::kNoSpace);
  EXPECT_NE(refused.error().message.find("the quota of the pool " + pool_), std::string::npos)
      << refused.error().message;
  EXPECT_EQ(files(), committed_) << "nothing of it is there";
  ASSERT_TRUE(ceph("osd pool set-quota " + pool_ + " max_bytes 0"));
  EXPECT_TRUE(testing_support::eventually([&] { return write().ok(); }));
  EXPECT_EQ(files(), committed_);
}

}  // namespace
}  // namespace storaged_test
