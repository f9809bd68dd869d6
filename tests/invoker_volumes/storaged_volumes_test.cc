// A daemon that is not there, comes, goes and comes back.
#include "invoker_volumes/storaged_volumes.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <optional>

#include "storage_control/packet.h"
#include "storage_control/server.h"
#include "testing/eventually.h"
#include "testing/scratch_folder.h"

namespace invoker_volumes {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;
using base::Result;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;
using testing_support::eventually;

class NoAttempts final : public storage_control::ControlHandler {
 public:
  Result<base::UniqueFd> mount() override {
    return base::UniqueFd(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  }
  Result<storage_control::Opened> open(const std::string&, const storage_control::Open&) override {
    return Error{ErrorCode::kNoSpace, "the node is full"};
  }
  Result<storage::VolumeReport> finish(const std::string&,
                                       const storage_control::Finish&) override {
    return unknown();
  }
  void arrived(const std::string&) override {}
  void left(const std::string&) override {}
  Result<Json> list(const storage_control::List&) override { return unknown(); }
  Result<Json> stat(const storage_control::Stat&) override { return unknown(); }
  Result<Json> usage(const storage_control::Usage&) override { return unknown(); }
  Result<Json> remove(const storage_control::Remove&) override { return unknown(); }
  Result<Json> copy(const storage_control::Copy&, base::UniqueFd) override { return unknown(); }
  Result<Json> share(const storage_control::Share&) override { return unknown(); }
  Result<Json> unshare(const storage_control::Unshare&) override { return unknown(); }
  Result<Json> collect(const storage_control::Collect&) override { return unknown(); }
  Result<Json> check(const storage_control::Check&) override { return unknown(); }
  Result<Json> metrics() override { return unknown(); }

 private:
  static Error unknown() { return {ErrorCode::kNotFound, "nothing is here"}; }
};

class StoragedVolumesTest : public testing::Test {
 protected:
  std::unique_ptr<StoragedVolumes> volumes(milliseconds patience) {
    return std::make_unique<StoragedVolumes>(
        StoragedOptions{.socket = socket(), .client = "test", .patience = patience}, clock_);
  }
  std::filesystem::path socket() const { return folder_.path() / "control"; }

  void start_daemon() {
    auto listening = storage_control::listen_on(socket());
    ASSERT_TRUE(listening) << listening.error().message;
    storage_control::ControlServerOptions options;
    options.node = "here";
    options.user = ::geteuid();
    auto server = storage_control::ControlServer::start(*std::move(listening), options, attempts_,
                                                        base::Logger(sink_, clock_));
    ASSERT_TRUE(server) << server.error().message;
    daemon_ = *std::move(server);
  }

  Error failure_of(StoragedVolumes& from) {
    std::vector<hints::Volume> wanted(1);
    wanted[0].name = "job";
    wanted[0].path = "/mnt/job";
    const auto staged = from.stage({"guest", "0123", wanted});
    EXPECT_FALSE(staged.ok());
    return staged.ok() ? Error{ErrorCode::kInternal, ""} : staged.error();
  }

  class Silence final : public base::LogSink {
    void write(std::string_view) override {}
  };
  Silence sink_;
  base::SystemClock clock_;
  testing_support::ScratchFolder folder_;
  NoAttempts attempts_;
  std::unique_ptr<storage_control::ControlServer> daemon_;
};

TEST_F(StoragedVolumesTest, WithoutADaemonItIsANodeWithoutVolumesWhenThePatienceIsOver) {
  const auto none = volumes(milliseconds(30));
  EXPECT_FALSE(none->health().ok);
  ASSERT_TRUE(eventually([&] { return !none->ready().ok(); }));
  const Error refusal = none->ready().error();
  EXPECT_EQ(refusal.code, ErrorCode::kUnsupported);
  EXPECT_THAT(refusal.message, HasSubstr("this node has no volumes"));
  EXPECT_THAT(refusal.message, HasSubstr(socket().native()));
  EXPECT_EQ(failure_of(*none).message, refusal.message);
}

TEST_F(StoragedVolumesTest, ADaemonThatComesLateIsFoundByWhoWaitsForIt) {
  const auto late = volumes(seconds(60));
  EXPECT_TRUE(late->ready().ok());
  std::jthread starter([this] { start_daemon(); });
  EXPECT_EQ(failure_of(*late).message, "the node is full");
  EXPECT_TRUE(late->health().ok);
}

TEST_F(StoragedVolumesTest, ADaemonThatComesAfterARefusalIsFoundToo) {
  const auto later = volumes(milliseconds(10));
  ASSERT_TRUE(eventually([&] { return !later->ready().ok(); }));
  start_daemon();
  EXPECT_TRUE(eventually([&] { return later->ready().ok(); }));
  EXPECT_EQ(failure_of(*later).code, ErrorCode::kNoSpace);
}

TEST_F(StoragedVolumesTest, OneThatHasGoneIsTheNodesTroubleAndIsFoundWhenItIsBack) {
  start_daemon();
  const auto met = volumes(milliseconds(200));
  ASSERT_TRUE(eventually([&] { return met->health().ok; }));
  daemon_.reset();
  ASSERT_TRUE(eventually([&] { return !met->ready().ok(); }));
  EXPECT_EQ(met->ready().error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(failure_of(*met).code, ErrorCode::kUnavailable);
  start_daemon();
  ASSERT_TRUE(eventually([&] { return met->ready().ok(); }));
  EXPECT_EQ(failure_of(*met).code, ErrorCode::kNoSpace);
}

}  // namespace
}  // namespace invoker_volumes
